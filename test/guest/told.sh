# shellcheck shell=sh
# Sourced when something was written back: wait until direct writes are followed, which that arms. Of
# those that have ended by then it is not known whether they were overtaken. Not if $at_once says something.
patience=2000
until [ -n "${at_once:-}" ] || [ ! -e /sys/module/diolate/parameters/policy ] ||
	grep -q '^block_bio_queue armed' /sys/kernel/debug/diolate/sites; do
	patience=$((patience - 1))
	[ $patience -gt 0 ] || break
	usleep 1000
done
