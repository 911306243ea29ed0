# shellcheck disable=SC2086 # lists of words
# Memory is short while the module is loaded, switched, or armed by a late error. By the kernel's own fault
# injection, which Debian's stock kernels do not have.

faults=/sys/kernel/debug

# short_of_memory: for the allocations whose stack has a function of a module; on x86-64 that is where modules are:
# farther down if the kernel itself is at a fixed place (MODULES_VADDR, arch/x86/include/asm/pgtable_64_types.h, 5.10
# to 7.3). The kernel's log says when, since the kernel complains of what it cannot map then (test/vm/scan-log).
short_of_memory() {
	modules=0xffffffffc0000000
	! grep -q ' 0xffffffff[ab]' /proc/modules || modules=0xffffffffa0000000
	for kind in failslab fail_page_alloc; do
		[ -e $faults/$kind/require-start ] || skip "this kernel cannot be made short of memory"
		echo $modules >$faults/$kind/require-start
		echo 0xffffffffff000000 >$faults/$kind/require-end
		echo N >$faults/$kind/ignore-gfp-wait
		echo 0 >$faults/$kind/verbose
	done
	echo 0 >$faults/fail_page_alloc/min-order
	echo "diolate-test: memory is short" >/dev/kmsg
}

enough_memory() {
	echo "diolate-test: memory is enough" >/dev/kmsg
}

# starved NTH ...: like starve; $fired and $error are what it says.
starved() {
	fired=$(starve "$@") || fail "starve $*"
	error=${fired#* } fired=${fired% *}
}

# decided: a late error was told, or the counter of what cannot be told has it.
decided() {
	before
	collision ext4
	is_decided
}

is_decided() {
	undeliverable=$(since undeliverable)
	[ "$undeliverable" = 1 ] || is res -5 "$line"
	expect late_errors=1 stuck=1 delivered=$((1 - undeliverable)) undeliverable="$undeliverable"
}

# Each allocation of loading fails in turn. The module is not loaded and leaves nothing; or it is, and decides.
load_short_of_memory() {
	short_of_memory
	nth=0 failed=0 loaded=0
	while :; do
		nth=$((nth + $1))
		starved $nth load /diolate.ko
		[ "$error" = 0 ] || [ "$fired" = 1 ] || fail "allocation $nth: error $error, though none failed"
		[ "$fired" = 1 ] || break
		if [ "$error" = 0 ]; then
			loaded=$((loaded + 1))
			# A file of debugfs may be what is missing.
			if [ -e "$counters" ] && [ -e "${counters%/*}/files" ] && [ -e "${counters%/*}/log" ]; then
				decided
			else
				collision ext4
			fi
			unload
		else
			failed=$((failed + 1))
		fi
		nothing_left "allocation $nth"
	done
	enough_memory
	unload
	[ $((failed * $1)) -gt 10 ] || fail "only $failed allocations failed it"
	: >/tmp/said
	say "of $(((nth - 1) / $1)) allocations $failed failed it, $loaded did not"
	loads_and_delivers ext4
}

# Each allocation of a switch fails in turn. What is refused has changed nothing.
switch_short_of_memory() {
	load
	short_of_memory
	failed=0 turns=0
	for switch in policy=propagate:observe policy=observe:propagate policy=propagate:repair policy=repair:propagate \
		sync=report:follow sync=follow:report track=auto:always track=always:auto; do
		parameter=/sys/module/diolate/parameters/${switch%%=*}
		old=${switch#*=} new=${switch#*:}
		old=${old%:*}
		nth=0
		while :; do
			nth=$((nth + $1)) turns=$((turns + 1))
			echo "$old" >"$parameter"
			starved $nth write "$parameter" "$new"
			if [ "$error" = 0 ]; then
				[ "$(cat "$parameter")" = "$new" ] || fail "$switch, allocation $nth: $(cat "$parameter")"
			else
				[ "$fired" = 1 ] || fail "$switch, allocation $nth: error $error, though none failed"
				[ "$(cat "$parameter")" = "$old" ] || fail "$switch, allocation $nth: $(cat "$parameter")"
				failed=$((failed + 1))
				echo propagate >/sys/module/diolate/parameters/policy
				decided
			fi
			[ "$fired" = 1 ] || break
		done
	done
	enough_memory
	: >/tmp/said
	say "$failed of $turns switches failed"
	decided
	is res -5 "$line"
}

# on_its_way DIR: what fails are the allocations whose stack has a function of diolate. From 6.4 on a module's data may be
# anywhere, and what follows its code be the code of another module.
on_its_way() {
	text=$(cat /sys/module/diolate/sections/.text)
	end=$(printf '%#x' $((text + $(awk '$1 == "diolate" { print $2 }' /proc/modules))))
	echo "$text" >"$1/require-start"
	{ echo "$end"; awk '{ print $6 }' /proc/modules; } | sort |
		awk -v text="$text" '$1 > text { print; exit }' >"$1/require-end"
}

# arming_short_of_memory KIND: an allocation on the way of arming fails, the first, the second, and others farther
# and farther on: that late error is told or counted, and the next one told.
arming_short_of_memory() {
	short_of_memory
	slab=$faults/$1
	failed=0
	# shellcheck disable=SC2046 # a word for each
	for nth in $(either "1 2 3 5 8 13 21 34 55 89" "$(seq 100)"); do
		load
		on_its_way "$slab"
		echo "$nth" >$slab/interval
		echo 1 >$slab/times
		before
		echo 100 >$slab/probability
		collision ext4
		echo 0 >$slab/probability
		left=$(cat $slab/times)
		is_decided
		before
		collision ext4
		is res -5 "$line"
		expect late_errors=1 stuck=1 delivered=1
		unload
		[ "$left" = 0 ] || break
		failed=$((failed + 1))
	done
	enough_memory
	[ $failed -gt 0 ] || fail "no allocation failed"
	: >/tmp/said
	say "$failed allocations failed, one in each turn"
}

locks run load-short-of-memory load_short_of_memory "$(either 5 1)"
locks run switch-short-of-memory switch_short_of_memory "$(either 3 1)"
for kind in failslab fail_page_alloc; do
	run arming-short-of-memory-$kind arming_short_of_memory $kind
done
