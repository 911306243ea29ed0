# shellcheck shell=bash
# Sourced by test/bench/run and test/bench/all: what is measured, and whether it was.

revision() {
	git_here describe --always --dirty
}

# All that a figure depends on.
measured() {
	echo "$(revision) turns=${TURNS:-} ios=${IOS:-} modes=${MODES:-} figures=${FIGURES:-}"
}

# was_measured NAME FILE: whether build/NAME/FILE has what would be measured. What is not committed may change.
was_measured() {
	[[ -s $BUILD/$1/$2 && $(cat "$BUILD/$1/$2.of" 2>/dev/null) == "$(measured)" && $(measured) != *-dirty\ * ]]
}
