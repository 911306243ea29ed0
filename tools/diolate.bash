# SPDX-License-Identifier: GPL-2.0-only
# Completion of bash for diolate; goes into /usr/share/bash-completion/completions/diolate.

_diolate() {
	local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} words command

	if [[ $COMP_CWORD -eq 1 ]]; then
		words="status log top who check policy selftest metrics --json --help --version"
		mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
		return
	fi
	command=${COMP_WORDS[1]}
	case $before in
	--since | --interval | --count | --offset | --seconds) return ;;
	--output)
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -f -- "$word")
		return
		;;
	esac
	words="--help"
	[[ $command == metrics ]] || words+=" --json"
	case $command in
	log) words+=" --follow --since" ;;
	top) words+=" --interval --count" ;;
	check) words+=" --offset" ;;
	metrics) words+=" --output" ;;
	selftest) words+=" --seconds --overtaken" ;;
	policy) words+=" propagate observe repair" ;;
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
