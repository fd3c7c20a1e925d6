"""The completion scripts. They call `pm __complete` for every completion."""

from __future__ import annotations

BASH = """\
# Completion of pm for bash; in ~/.bashrc: eval "$(pm completion bash)"
_pm_complete() {
    local line words=("${COMP_WORDS[@]:1:COMP_CWORD}")
    COMPREPLY=()
    while IFS= read -r line; do
        case "$line" in
            :files) compopt -o default 2>/dev/null ;;
            :folders) compopt -o dirnames 2>/dev/null ;;
            *)
                COMPREPLY+=("${line%%$'\\t'*}")
                case "$line" in *-) compopt -o nospace 2>/dev/null ;; esac
                ;;
        esac
    done < <("${COMP_WORDS[0]}" __complete "${words[@]}" 2>/dev/null)
}
complete -F _pm_complete pm
"""

ZSH = """\
#compdef pm
# Completion of pm for zsh; in ~/.zshrc, after compinit: eval "$(pm completion zsh)"
_pm() {
    local line word prefix=""
    local -a found described open
    local -a asked=("${(@)words[2,CURRENT]}")
    case "$PREFIX" in --*=*) compset -P '*=' ;; esac
    while IFS= read -r line; do
        case "$line" in
            :files) _files; return ;;
            :folders) _files -/; return ;;
        esac
        word="${line%%$'\\t'*}"
        case "$word" in
            *-) open+=("$word") ;;
            *)
                found+=("$word")
                case "$line" in
                    *$'\\t'*) described+=("$word -- ${line#*$'\\t'}") ;;
                    *) described+=("$word") ;;
                esac
                ;;
        esac
    done < <("${words[1]}" __complete "${asked[@]}" 2>/dev/null)
    (( ${#open} )) && compadd -S '' -a open
    (( ${#found} )) && compadd -l -d described -a found
}
if [ "$funcstack[1]" = "_pm" ]; then
    _pm "$@"
else
    compdef _pm pm
fi
"""

FISH = """\
# Completion of pm for fish; in ~/.config/fish/config.fish: pm completion fish | source
function __pm_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l before ''
    string match -q -- '--*=*' $current; and set before (string replace -r '=.*' '=' -- $current)
    for line in ($words[1] __complete $words[2..-1] "$current" 2>/dev/null)
        switch $line
            case ':files'
                __fish_complete_path (string replace -r '^--[^=]*=' '' -- $current)
            case ':folders'
                __fish_complete_directories (string replace -r '^--[^=]*=' '' -- $current)
            case '*'
                echo -- "$before$line"
        end
    end
end
complete -c pm -f -a '(__pm_complete)'
"""

SCRIPTS = {"bash": BASH, "zsh": ZSH, "fish": FISH}
