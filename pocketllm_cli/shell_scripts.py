"""The scripts of `pocketllm completion`: each asks the program what a word can become.

Sources: bash(1), "Programmable Completion"; zshcompwid(1), zshcompsys(1); fish's `complete`.
"""

from typing import Final

FILES: Final = ":files"
"""What the program says alone where the shell's own completion of paths is wanted."""

BASH: Final = """\
_pocketllm() {
    local program=pocketllm line
    type -P "${COMP_WORDS[0]}" > /dev/null && program=${COMP_WORDS[0]}
    COMPREPLY=()
    while IFS= read -r line; do
        if [[ $line == :files ]]; then
            compopt -o default 2> /dev/null
        else
            COMPREPLY+=("$line")
        fi
    done < <("$program" completion bash -- "${COMP_LINE:0:COMP_POINT}" \\
        "${COMP_WORDS[COMP_CWORD]}" "$COMP_TYPE" 2> /dev/null)
}
complete -F _pocketllm pocketllm
"""

ZSH: Final = """\
#compdef pocketllm
_pocketllm() {
    local line
    local -a before found
    (( CURRENT > 2 )) && before=("${(@Q)words[2,CURRENT-1]}")
    for line in "${(@f)$(pocketllm completion zsh -- "${before[@]}" "${(Q)PREFIX}" 2> /dev/null)}"
    do
        if [[ $line == :files ]]; then
            _files
            return
        fi
        [[ -n $line ]] && found+=("$line")
    done
    _describe -V pocketllm found
}
if [[ $funcstack[1] == _pocketllm ]]; then
    _pocketllm "$@"
else
    compdef _pocketllm pocketllm
fi
"""

FISH: Final = """\
function __pocketllm_candidates
    set -l before (commandline -opc)
    set -e before[1]
    set -l current (commandline -ct)
    for line in (pocketllm completion fish -- $before "$current" 2> /dev/null)
        if test "$line" = :files
            __fish_complete_path "$current"
        else
            echo $line
        end
    end
end
complete -c pocketllm -f -k -a '(__pocketllm_candidates)'
"""
