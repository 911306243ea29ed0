# Sourced by the cases of the command, and by what they have collide run.

# writes_of NAME: what this dm device was told to write so far, in requests.
writes_of() {
	awk '{ print $5 }' \
		"/sys/dev/block/$(dmsetup info -c --noheadings --separator : -o major,minor "$1")/stat"
}

# has TEXT FILE: what the command printed.
has() {
	grep -qF -- "$1" "$2" || { echo "no $1 in: $(cat "$2")" >&2; exit 1; }
}

# ends STATUS COMMAND...: that the command ends with this status.
ends() {
	wanted_status=$1
	shift
	ended=0
	"$@" || ended=$?
	[ "$ended" = "$wanted_status" ] || { echo "$*: status $ended, not $wanted_status" >&2; exit 1; }
}
