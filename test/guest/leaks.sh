# Sourced by init, at the very end: nothing is loaded and all that was allocated for it must be gone.
# Only the debug kernel can tell (CONFIG_DEBUG_KMEMLEAK); it does so in its log, which is judged later.

kmemleak=/sys/kernel/debug/kmemleak

# A sleep, as there is no condition to wait for: what is younger than five seconds when a scan begins
# is never reported (mm/kmemleak.c, MSECS_MIN_AGE). Two scans, as one that meets a block for the first
# time only notes its checksum (kmemleak_scan()).
no_leaks() {
	echo 1 >/sys/module/kmemleak/parameters/verbose
	sleep 5
	echo scan >$kmemleak
	echo scan >$kmemleak
	found=$(grep -c '^unreferenced object' $kmemleak) || true
	[ "$found" = 0 ] || fail "$found blocks of memory leaked, see the kernel's log"
}

# A verdict if it fails only: that it passed must not hide that no case ran.
if (set -eu && no_leaks) >/tmp/case.log 2>&1; then
	verdict "# kmemleak found nothing"
else
	verdicts=$((verdicts + 1))
	verdict "not ok leaks $(tail -n 3 /tmp/case.log | tr '\n' ' ')"
fi
