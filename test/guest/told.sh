# shellcheck shell=sh
# Sourced when something was written back: wait until writes that it overtakes can be told, if they are to
# be. That is armed by the first such writeback, and where it cannot be waited for what is overtaken before
# is undeliverable. Not if $at_once says something.
parameter=/sys/module/diolate/parameters/policy
patience=2000
until [ -n "${at_once:-}" ] || [ ! -e $parameter ] || [ "$(cat $parameter)" = observe ] ||
	grep -q '^aio_complete_rw armed' /sys/kernel/debug/diolate/sites; do
	patience=$((patience - 1))
	[ $patience -gt 0 ] || break
	usleep 1000
done
