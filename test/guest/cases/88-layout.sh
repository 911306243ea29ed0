# What is private to the kernel: learned from it, proved by the first writes, or refused. Never taken for
# what it is not.

layout=/sys/kernel/debug/diolate/layout

describes_itself() {
	[ -e /sys/kernel/btf/vmlinux ] || skip "this kernel does not describe itself"
}

# As on a kernel that was built without BTF; unseen unhides.
unseen() {
	describes_itself
	mount -t tmpfs none /sys/kernel/btf
}

seen_again() {
	umount /sys/kernel/btf
}

# falsify WORD VALUE | OLD NEW: load() loads such a module.
falsified() {
	falsify /diolate.ko /tmp/false.ko "$@"
	our_module=/tmp/false.ko
}

# known NAME HOW: how the module says that it knows something.
known() {
	[ "$(awk -v name="$1" '$1 == name { print $3 }' $layout)" = "$2" ] ||
		fail "$1 is not known by $2: $(cat $layout)"
}

# site NAME STATE: of all that have this name.
site() {
	[ "$(awk -v name="$1" '$1 == name { print $2 }' /sys/kernel/debug/diolate/sites | sort -u)" = "$2" ] ||
		fail "$1 is not $2: $(cat /sys/kernel/debug/diolate/sites)"
}

# Direct writes that nothing is in the way of. More than have to agree, or one is enough to disagree.
clean_writes() {
	fio --name=clean --directory="/mnt/$1" --ioengine=libaio --direct=1 --rw=write --bs=4k --size=256k \
		--iodepth=4 --unlink=1 >/tmp/fio.log || fail "$(cat /tmp/fio.log)"
}

# Both kinds of late error.
both_are_told() {
	before
	collision "$1"
	is res -5 "$line"
	expect late_errors=1 stuck=1 delivered=1
	before
	overtaken "$1" "/mnt/$1"
	is res -5 "$line"
	expect late_errors=1 overtaken=1 delivered=1
}

layout_btf() {
	describes_itself
	load
	cat $layout
	for member in iomap_dio.iocb iomap_dio.size iomap_dio.flags iomap_dio.error dio.iocb dio.result \
		aio_kiocb.rw aio_kiocb.ki_ctx kioctx_table.nr kioctx_table.table; do
		known $member btf
	done
	if has_symbol iomap_release_folio && ! has_symbol iomap_page_release; then
		known iomap_folio_state.state btf
	else
		known iomap_folio_state.state absent
	fi
	known "iomap_dio_complete()" btf
	known "aio_complete_rw()" btf
	grep -E " (untested|unproven|behaviour)\$" $layout && fail "not all is as in the tested kernels"
	say "$(grep -c ' btf$' $layout) by btf, $(grep -c ' tested$' $layout) tested"
}

layout_unseen() {
	unseen
	load track=always
	grep " btf\$" $layout && fail "known from what was hidden"
	known iomap_dio.iocb tested
	clean_writes "$1"
	known iomap_dio.iocb behaviour
	both_are_told "$1"
	unload
	seen_again
}

# layout_false NAME WORD VALUE: what is wrong in the module is put right by the kernel.
layout_false() {
	describes_itself
	falsified "$2" "$3"
	load track=always
	known "$1" btf
	clean_writes ext4
	both_are_told ext4
	both_are_told xfs
	unload
	our_module=/diolate.ko
}

# layout_disproved NAME WORD VALUE: nothing says that it is wrong but what the writes do.
layout_disproved() {
	unseen
	falsified "$2" "$3"
	load track=always
	before
	clean_writes ext4
	expect
	known "$1" unproven
	site __iomap_dio_rw unproven
	# Overtaken: not told, and not forgotten.
	before
	overtaken ext4 /mnt/ext4
	is ok 1 "$line"
	expect overtaken_unknown=1
	# Stuck: told where the kernel says whose it is, else counted.
	before
	collision ext4
	if has_symbol kiocb_invalidate_post_direct_write; then
		is res -5 "$line"
		expect late_errors=1 stuck=1 delivered=1
	else
		is ok 1 "$line"
		expect unattributed=1
	fi
	unload
	our_module=/diolate.ko
	seen_again
}

# Which blocks of a folio are dirty: the bitmap is right by BTF, else compared with what is known of it, and
# then nobody can say whether the write is spared.
layout_state() {
	[ "$(fate_beside xfs large)" = spared ] || skip "nothing is spared here"
	describes_itself
	falsified 9 40
	load policy=propagate repair_ms=10000
	known iomap_folio_state.state btf
	beside_write spared xfs /mnt/xfs 1048576 196608 4096 store
	unload
	unseen
	load policy=propagate repair_ms=1000
	known iomap_folio_state.state tested
	beside_write unsaid xfs /mnt/xfs 1048576 196608 4096 store
	expect late_errors=1 stuck=1 undeliverable=1
	newest reason partial-folio
	is res 4096 "$line"
	unload
	our_module=/diolate.ko
	seen_again
}

# The kiocb of overlayfs behind that of the file below: what is there is looked at, whoever says so.
layout_overlay() {
	unseen
	falsified 11 64
	overlay_on ext4
	load
	before
	collision_in ext4 /mnt/overlay
	is ok 1 "$line"
	expect late_errors=1 stuck=1 kernel_owned=1
	unload
	seen_again
	load
	if [ "$(awk '$1 == "backing_aio.orig_iocb" { print $3 }' $layout)" = btf ]; then
		before
		collision_in ext4 /mnt/overlay
		is res -5 "$line"
		expect late_errors=1 stuck=1 delivered=1
	fi
	unload
	umount /mnt/overlay
	our_module=/diolate.ko
}

# A function is called with something else than it was.
layout_refused() {
	describes_itself
	if ! has_symbol kiocb_invalidate_post_direct_write; then
		falsified "(iomap_dio*)" "(jomap_dio*)"
		! /sbin/insmod "$our_module" || fail "loaded"
		dmesg | tail -n 5 | grep "not loaded: iomap_dio_complete is not as in any tested kernel" ||
			fail "no sentence"
	fi
	falsified "(bio*)" "(oib*)"
	load track=always
	known "iomap_dio_bio_end_io()" unproven
	site iomap_dio_bio_end_io unproven
	dmesg | tail -n 5 | grep "iomap_dio_bio_end_io cannot be followed on this kernel" || fail "no sentence"
	grep -x "layout unproven" "${counters%/*}/version" || fail "$(cat "${counters%/*}/version")"
	before
	collision ext4
	is res -5 "$line"
	expect late_errors=1 stuck=1 delivered=1
	for fs in ext4 vfat; do
		before
		overtaken $fs /mnt/$fs
		is ok 1 "$line"
		expect overtaken_unknown=1
	done
	unload
	our_module=/diolate.ko
}

layout_untested() {
	unseen
	# The word is_tested.
	falsified 0 0
	/sbin/insmod "$our_module"
	dmesg | tail -n 3 | grep "so the policy is observe and not propagate" || fail "no sentence"
	[ "$(cat /sys/module/diolate/parameters/policy)" = observe ] || fail "not observe"
	known iomap_dio.iocb untested
	! set_policy propagate 2>/tmp/error || fail "policy taken"
	grep "not supported" /tmp/error || fail "$(cat /tmp/error)"
	before
	collision ext4
	is ok 1 "$line"
	expect late_errors=1 stuck=1 observed=1
	unload
	load untested=1
	[ "$(cat /sys/module/diolate/parameters/policy)" = propagate ] || fail "not propagate"
	before
	collision ext4
	is res -5 "$line"
	expect late_errors=1 stuck=1 delivered=1
	unload
	seen_again
	# The kernel describes itself: that is enough.
	load track=always
	known iomap_dio.iocb unchecked
	[ "$(cat /sys/module/diolate/parameters/policy)" = propagate ] || fail "not propagate"
	clean_writes ext4
	known iomap_dio.iocb behaviour
	both_are_told ext4
	unload
	our_module=/diolate.ko
}

core run layout-btf layout_btf
for fs in ext4 xfs; do
	quick_if "$fs" ext4 run "layout-unseen-$fs" layout_unseen "$fs"
done
# By the order of struct diolate_layout (src/kernel/layout.h).
quick run layout-false-iocb layout_false iomap_dio.iocb 1 8
run layout-false-size layout_false iomap_dio.size 2 32
quick run layout-false-flags layout_false iomap_dio.flags 3 32
run layout-false-error layout_false iomap_dio.error 4 36
quick run layout-disproved-iocb layout_disproved iomap_dio.iocb 1 8
run layout-disproved-size layout_disproved iomap_dio.size 2 32
quick run layout-disproved-flags layout_disproved iomap_dio.flags 3 32
run layout-disproved-error layout_disproved iomap_dio.error 4 36
run layout-false-state layout_state
run layout-false-overlay layout_overlay
quick run layout-refused layout_refused
quick run layout-untested layout_untested
