# Sourced by init for `make session`: what the command says of a real collision, for the documents.

# Files of somebody's database.
first=/mnt/ext4/orders.db
second=/mnt/xfs/wal

session() (
	set -eu
	# Not on the terminal itself: no colours, and top once.
	cat >/tmp/during <<-END
		. /lib-guest/command.sh
		{
			echo "# diolate who $first"
			ends 1 diolate who $first
			echo
		} >/tmp/session
	END
	cat >/tmp/after <<-END
		. /lib-guest/command.sh
		/lib-guest/dm.sh released ext4
		{
			echo "# diolate check $first"
			ends 0 diolate check $first
			echo
			echo "# diolate status"
			ends 1 diolate status
			echo
		} >>/tmp/session
	END
	load
	# (Who asks must not have inherited the file.)
	collide --uring xfs $second >/dev/null
	collide ext4 $first --during "exec sh /tmp/during 3>&-" --first "sh /tmp/after" >/dev/null
	cat /tmp/session
	echo "# diolate top"
	diolate top --interval 10 >/tmp/top &
	top=$!
	for _ in 1 2; do
		collide ext4 $first --size 262144 --length 4096 --writes 64 --stores 16 >/dev/null
	done
	wait $top
	cat /tmp/top
)
