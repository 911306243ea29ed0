# shellcheck disable=SC2086,SC2016 # options of collide, several in one argument; wait_until evaluates its argument itself
# Policy repair beside all that goes on, in storms and at random; and what has to be so under every policy.

# Every write that is said to be done is, byte for byte.
repair_storm() {
	load_repair
	reports_begin
	before
	# shellcheck disable=SC2046 # a word for each option
	storm_of --verify --rounds "$(either 2 44)" --writes "$(either 64 88)" --waited "$(either 16 64)"
	is untrue 0 "$line"
	# Why what could not be repaired could not.
	sed -n 's/.* outcome=delivered reason=\([^ ]*\) .*/\1/p' "${counters%/*}/log" | sort | uniq -c
	is eio 0 "$line"
	expect late_errors="$(v stores)" stuck="$(v stores)" repaired="$(v stores)"
	[ "$(reports)" = "$(v stores)" ] || fail "$(reports) reports: $line"
	remove_foreign
}

# The same of synchronous writes: each is repaired or told.
storm_sync_repair() {
	load sync=follow policy=repair repair_ms=10000
	before
	storm_of --verify --rounds "$(either 2 30)" --writes 16 --waited 4 --sync 64
	is untrue 0 "$line"
	grep ' consumer=sync ' "${counters%/*}/log" | sed -n 's/.* \(outcome=[^ ]* reason=[^ ]*\) .*/\1/p' |
		sort | uniq -c
	[ "$(since late_errors)" = "$(v stores)" ] || fail "$(since late_errors) late errors: $line"
	expect_outcomes delivered="$(v eio)" repaired=$(($(v stores) - $(v eio)))
	for class in $sync_classes; do
		[ "$(v "${class}_eio")" -lt "$(v "${class}_stores")" ] || fail "none of $class was repaired: $line"
	done
}

# The module is unloaded while a write is put right, which waits for a folio: the write comes first.
repair_unload() {
	load sync=follow policy=repair repair_ms=10000
	/sbin/insmod /lock.ko || fail "lock"
	cat >/tmp/unloader <<-'END'
		. /lib-guest/lib.sh
		wait_until '[ $(counter pending) = 1 ]'
		/sbin/rmmod diolate &
		wait_until '[ "$(cat /sys/module/diolate/initstate)" = going ]'
		/sbin/rmmod lock
	END
	collision "$@" --during "/bin/sh /tmp/unloader >/tmp/unloaded 2>&1 &"
	case $(value res "$line") in
	65536) is undone 0 "$line" ;;
	# If it took longer than repair_ms.
	*) is res -5 "$line" ;;
	esac
	wait_until '[ ! -e /sys/module/diolate ] && [ ! -e /sys/module/lock ]'
	! grep . /tmp/unloaded || fail "$(cat /tmp/unloaded)"
	say "res $(value res "$line")"
}

# repaired_since SEQ FSTYPE: whether a write to such a file system was, later in the log.
repaired_since() {
	awk -v first="$1" -v type=" fstype=$2 " '
		/ outcome=repaired / && index($0, type) && substr($1, 5) + 0 > first { found = 1 }
		END { exit !found }' "${counters%/*}/log"
}

# The policy comes and goes under a storm.
repair_switched() {
	load
	before
	storm_begins --free --verify
	n=0
	while [ $n -lt "$(either 10 100)" ]; do
		set_policy repair
		set_policy propagate
		n=$((n + 1))
		kill -0 $storming || fail "the storm ended: $(cat /tmp/storm)"
	done
	# It works as it did the first time, on file systems of each kind.
	set_policy repair
	wait_until '[ $(counter late_errors) -gt 0 ]'
	seen=$(value seq "$(tail -n 1 "${counters%/*}/log")")
	for fs in ext4 xfs vfat; do
		wait_until "repaired_since $seen $fs"
	done
	! grep -E ' (absent|refused) .*(repair|begins)' "${counters%/*}/sites" || fail "not all is followed"
	storm_ends
	is untrue 0 "$line"
	expect_outcomes delivered="$(v eio)" repaired="$(since repaired)" probe_missed="$(since probe_missed)"
	say "$(v stores) stores, $(since late_errors) late, $(v eio) told"
}

# model_on FS LEAST OPTION...: at least so many are repaired of random operations on a file system.
model_on() {
	fs=$1 least=$2
	shift 2
	/lib-guest/dm.sh slow "$fs" 1
	load_repair
	before
	if ! found=$(model --image /tmp/image "$@" "/mnt/$fs/model"); then
		# Is it true of this kernel without a late error?
		unload
		calm=$(model --calm "$@" "/mnt/$fs/model") || calm="also without a late error: $calm"
		fail "$found ($calm)"
	fi
	/lib-guest/dm.sh release "$fs"
	all_found_out "$@"
	expect_outcomes delivered="$(value eio "$found")" repaired="$(since repaired)" \
		undeliverable="$(since undeliverable)"
	umount "/mnt/$fs"
	if [ "$fs" = other ]; then
		mount_on other "$type"
	else
		mount_fs "$fs"
	fi
	cmp /tmp/image "/mnt/$fs/model" || fail "not the same after it was mounted anew"
	[ "$(since repaired)" -ge "$least" ] || fail "only $(since repaired) repaired: $found"
	say "$found"
}

# model_other LEAST "OPTION..." FS MKFS...
model_other() {
	least=$1 options=$2
	shift 2
	needs "$1"
	other_fs "$@"
	model_on other "$least" $options
	umount /mnt/other
}

# Nobody truncates exfat, which does not wait for direct writes, and does not zero all that a file gains (5.10,
# 7.3). Workers submit to io_uring, for dm-delay of 6.1 refuses what may not wait, and so the write fails.
model_exfat() {
	least=50
	case $(uname -r) in
	5.* | 6.*) least=0 ;;
	esac
	model_other $least "--align 4096 --whole --async --ops $ops" exfat mkfs.exfat
}

# model_sync FS OPTION...: with sync=follow, and every third writer is pwrite(). It is told like the others.
model_sync() {
	fs=$1
	shift
	/lib-guest/dm.sh slow "$fs" 1
	load sync=follow
	before
	found=$(model --sync --image /tmp/image "$@" "/mnt/$fs/model") || fail "$found"
	/lib-guest/dm.sh release "$fs"
	all_found_out --sync
	expect_outcomes delivered="$(value eio "$found")" undeliverable="$(since undeliverable)" \
		spared="$(since spared)"
	umount "/mnt/$fs"
	mount_fs "$fs"
	cmp /tmp/image "/mnt/$fs/model" || fail "not the same after it was mounted anew"
	[ "$(value sync_eio "$found")" -ge 10 ] || fail "only $(value sync_eio "$found") told: $found"
	say "$found"
}

# f2fs may zero the whole last page when it is stored into while a direct write makes the file longer: it reads
# the size twice, as of 7.2, and once on 7.3 (f2fs_vm_page_mkwrite(), fs/f2fs/file.c).
model_f2fs() {
	least=50 apart=--off-end
	case $(uname -r) in
	5.*) least=0 ;;
	7.[3-9]*) apart= ;;
	esac
	model_other $least "--align 4096 --async $apart --ops $ops" f2fs mkfs.f2fs -q -f -t 0
}

# What has to be so under every policy.
for fs in $filesystems; do
	file=/mnt/$fs/collision
	quick_if "$fs" xfs run "repair-clean-reader-$fs" under repair clean "$fs" "cat $file >/dev/null"
	quick_if "$fs" xfs run "repair-clean-uring-$fs" under repair uring_without_collision "$fs" ""
	quick_if "$fs" ext4 run "repair-loop-$fs" under repair loop_device "$fs"
	quick_if "$fs" vfat run "repair-unload-in-flight-$fs" under repair unload_in_flight "$fs"
	quick_if "$fs" ext4 run "repair-unload-completing-$fs" under repair unload_while_completing "$fs"
done
run repair-clean-fio under repair clean_fio ext4 "$(either 1 20)"
quick run repair-unload-ext4 repair_unload ext4
run repair-unload-sync-xfs repair_unload xfs --sync
quick run storm-repair-unload under repair storm_unload
quick run storm-repair repair_storm
run storm-sync-repair storm_sync_repair
run storm-repair-switched repair_switched
# Over four kernels, 20000 operations on each file system.
ops=$(either 2500 40000)
run model-ext4 model_on ext4 50 --align 4096 --ops $ops
run model-xfs model_on xfs 20 --align 4096 --ops $((ops / 2))
quick run model-xfs-512 model_on xfs 0 --ops $((ops / 2))
quick run model-vfat model_on vfat 50 --align 4096 --no-punch --async --ops $ops
# 5.10's own f2fs miscounts its dirty pages under this, and warns (src/kernel/compat/filesystem.h).
case $(uname -r) in
5.*) ;;
*) run model-f2fs model_f2fs ;;
esac
run model-exfat model_exfat
run model-sync-ext4 model_sync ext4 --align 4096 --ops $((ops / 2))
run model-sync-xfs model_sync xfs --ops $((ops / 2))
run model-sync-vfat model_sync vfat --align 4096 --no-punch --async --ops $((ops / 2))
run model-sync-repair-ext4 following model_on ext4 50 --align 4096 --sync --ops $((ops / 2))
