# SPDX-License-Identifier: GPL-2.0-only
# Completion of bash for diolate; goes into /usr/share/bash-completion/completions/diolate.

_diolate() {
	local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} words command

	if [[ $COMP_CWORD -eq 1 ]]; then
		words="status log top who check policy selftest metrics explain report version --json --help --version"
		mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
		return
	fi
	command=${COMP_WORDS[1]}
	case $before in
	--since | --until | --lines | --outcome | --interval | --count | --offset | --seconds) return ;;
	--output | --file | --cursor-file | -o)
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -f -- "$word")
		return
		;;
	esac
	words="--help"
	[[ $command == metrics || $command == report ]] || words+=" --json"
	case $command in
	status) words+=" --since" ;;
	log) words+=" --follow --lines --since --until --file --outcome --journal --cursor-file" ;;
	top) words+=" --culprits --interval --count" ;;
	who) words+=" --mount --recursive --one-file-system" ;;
	report) words+=" --output --names" ;;
	check) words+=" --offset --strict --recursive --one-file-system" ;;
	metrics) words+=" --output" ;;
	selftest) words+=" --seconds --overtaken" ;;
	policy) words+=" propagate observe repair" ;;
	explain) words+=" $(diolate explain 2>/dev/null | sed -n 's/^  \([^ ]*\) .*/\1/p')" ;;
	esac
	case $command:$word in
	who:-* | check:-* | selftest:-*) ;;
	selftest:*)
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -d -- "$word")
		return
		;;
	who:* | check:*)
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -f -- "$word")
		return
		;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}
complete -F _diolate diolate
