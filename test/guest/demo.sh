# Sourced by init for `make demo`: the story, without the module and with it, in a screenful.

# tell LINE: what came of a collision, for a person.
tell() {
	case $(value res "$1") in
	-5) echo "  the event says       error -EIO" ;;
	-*) echo "  the event says       error $(value res "$1")" ;;
	*) echo "  the event says       success, $(value res "$1") bytes written" ;;
	esac
	echo "  the disk holds       $(value undone "$1") of these bytes wrong, from" \
		"$(value first "$1") to $(value last "$1"): the write was undone there"
}

demo() {
	echo
	echo "Linux $(uname -r), ext4. A program overwrites 64 KiB of a file with O_DIRECT and"
	echo "libaio. While that is in flight, another stores one byte into the file through mmap."
	echo "Afterwards the file is synced and read back from the disk with O_DIRECT."
	echo
	echo "Without diolate"
	collision ext4 >/dev/null
	tell "$line"
	echo
	echo "# insmod diolate.ko"
	load
	collision ext4 >/dev/null
	tell "$line"
	echo
	echo "# cat $counters"
	# The counters that are not zero, and those that show nothing was lost.
	awk '$2 || $1 ~ /^(unattributed|probe_missed|pending)$/ { print "  " $0 }' "$counters"
	unload
	echo
	[ "$(value res "$line")" = -5 ] && echo "The late error reached the program that made the write."
}
