# Without the module. If these fail the collision was not real, and nothing below means anything.

stock() {
	collision "$1"
	is res 65536 "$line"
	is fsync -5 "$line"
	undone=$(value undone "$line")
	[ "$undone" -ge 4096 ] || fail "only $undone bytes were undone: $line"
	say "res 65536, $undone bytes undone, fsync -EIO"
}

stock_without_collision() {
	collision "$1" --stores 0
	is res 65536 "$line"
	is fsync 0 "$line"
	is undone 0 "$line"
	say "res 65536, nothing undone"
}

for fs in $filesystems; do
	core run "stock-$fs" stock "$fs"
	core run "stock-no-collision-$fs" stock_without_collision "$fs"
done
