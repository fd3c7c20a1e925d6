"""Complete a partial command line for the shells: the scripts, and the hidden `pm __complete` that they call.

It starts no server, takes a second at most, and prints nothing on errors.
"""

from __future__ import annotations

import signal
import threading

from projects.client import grammar, vocabulary
from projects.client.argv import MANY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import NoReturn

    from projects.client.argv import Option, Settings
    from projects.client.context import Context
    from projects.client.grammar import Verb

    Candidates = Iterable[tuple[str, str]]  # the candidate and its description

PATIENCE = 0.8  # seconds in total; starting Python takes some more
FILES, FOLDERS = ":files", ":folders"  # printed instead of candidates: the shell completes paths itself
BY_METAVAR = {"PATH": FILES, "FILE": FILES, "DIR": FOLDERS}
KEYS = {
    **{"ITEM": "items", "KEY": "items", "KEY|QUESTION": "items", "EPIC": "items", "QUESTION": "questions"},
    **{"PROJECT": "projects", "P": "projects", "VIEW": "views"},
}
IDS = {"project": "projects", "work-item": "items", "question": "questions"}  # nouns with keys as IDs
MOST = 200  # the most recently changed keys
TITLE = 60  # characters
LETTERS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.q")  # safe for a shell to insert unquoted

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


class OutOfTime(BaseException):
    """The time limit passed; a BaseException, so that `except Exception` can't swallow it."""


def answer(words: Sequence[str], environ: Mapping[str, str]) -> str:
    """Return the completions of the last word, which may be empty: lines of candidate, tab, description."""
    try:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGALRM, _give_up)
            signal.setitimer(signal.ITIMER_REAL, PATIENCE)
        found = _candidates(_joined(words), environ)
        return "".join(f"{word}\t{what}\n" if what else f"{word}\n" for word, what in found)
    except (Exception, OutOfTime):  # errors would garble the prompt
        return ""
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.setitimer(signal.ITIMER_REAL, 0)


def _give_up(number: int, frame: object) -> NoReturn:
    raise OutOfTime


def _joined(words: Sequence[str]) -> list[str]:
    """Return the words with `--flag = value`, which bash splits, joined again."""
    found: list[str] = []
    for word in words:
        if found and word == "=" and found[-1].startswith("--"):
            found[-1] += "="
        elif found and found[-1].startswith("--") and found[-1].endswith("=") and "=" not in found[-1][:-1]:
            found[-1] += word
        else:
            found.append(word)
    return found


def _candidates(words: list[str], environ: Mapping[str, str]) -> Candidates:
    *before, current = words or [""]
    noun, verb, options, place, asking = _position(before)
    takes_value = {flag: settings for flags, settings in options for flag in flags if flag.startswith("-")}
    flag, equals, value = current.partition("=")
    if asking is not None:
        return _values(asking, noun, current, before, environ)
    if equals and flag in takes_value:
        return _values(takes_value[flag], noun, value, before, environ)
    if current.startswith("-"):
        given = {word.partition("=")[0] for word in before}
        return [
            (name, settings["help"])
            for flags, settings in options
            for name in flags
            if name.startswith(current) and (name not in given or settings.get("action") == "append")
        ]
    if noun is None:
        return [(name, each.summary) for name, each in vocabulary.COMMANDS.items() if name.startswith(current)]
    if verb is None:
        return [
            (each.name, each.summary) for each in grammar.verbs_of(noun) if each.name and each.name.startswith(current)
        ]
    return _values(place, noun, current, before, environ) if place else []


def _position(
    before: Sequence[str],
) -> tuple[str | None, Verb | None, tuple[Option, ...], Settings | None, Settings | None]:
    """Return the noun, verb, allowed flags, next positional, and the flag that needs a value next."""
    noun: str | None = None
    verb: Verb | None = None
    options: tuple[Option, ...] = grammar.GLOBALS
    waiting: list[Settings] = []
    asking: Settings | None = None
    for word in before:
        if asking is not None:
            asking = None
        elif word.startswith("-"):
            settings = {flag: settings for flags, settings in options for flag in flags}.get(word)
            asking = settings if settings and settings.get("action", "store") in ("store", "append") else None
        elif noun is None:
            phrase = grammar.phrase_of(word, ("",))
            if phrase is None:
                raise LookupError(word)
            noun, *names = phrase.words
            verbs = grammar.verbs_of(noun)
            verb = grammar.verb_of(noun, names[0]) if names else verbs[0] if verbs[0].name == "" else None
        elif verb is None:
            verb = grammar.verb_of(noun, word)
            if verb is None:
                raise LookupError(word)
        elif waiting and waiting[0].get("nargs") not in MANY:
            waiting.pop(0)
        if verb is not None and len(options) == len(grammar.GLOBALS):
            options = (*verb.options, *grammar.GLOBALS)
            waiting = [settings for flags, settings in verb.options if not flags[0].startswith("-")]
    bare = grammar.bare_verb(noun) if noun and verb is None else None
    if bare is not None:
        options = (*bare.options, *grammar.GLOBALS)
    return noun, verb, options, waiting[0] if waiting else None, asking


def _values(
    settings: Settings, noun: str | None, begun: str, before: Sequence[str], environ: Mapping[str, str]
) -> Candidates:
    """Return the values of an option that start with `begun`."""
    if "choices" in settings:
        return [(choice, "") for choice in settings["choices"] if choice.startswith(begun)]
    if isinstance(settings.get("type"), grammar.Words):
        first, comma, last = begun.rpartition(",")
        return [(first + comma + word, "") for word in settings["type"].choices if word.startswith(last)]
    metavar = settings.get("metavar", "")
    if metavar in BY_METAVAR:
        return [(BY_METAVAR[metavar], "")]
    is_new = noun == "project" and metavar == "KEY"  # of a project to create
    kind = (None if is_new else KEYS.get(metavar)) or (IDS.get(noun or "") if metavar == "ID" else None)
    if metavar == "ID|PROJECT":
        kind = "projects" if "--next" in before else "items"
    if kind is None:
        return []
    return _keys(kind, begun, before, environ)


def _keys(kind: str, typed: str, before: Sequence[str], environ: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return the keys of the projects or items that start with `typed`, ignoring case, each with its title.

    Asks the server that the flags in `before` name; never starts one. Raises ClientError.
    """
    from projects.client.terminal import clean

    context = _context(before, environ)
    listed = {"projects": _projects, "questions": _questions, "views": _views}
    rows = listed.get(kind, lambda each: _items(each, typed))(context)
    # Keep the typed case: a shell drops candidates with another prefix.
    return [
        (typed + key[len(typed) :], " ".join(clean(title).split())[:TITLE])
        for key, title in rows
        if key.lower().startswith(typed.lower()) and set(key.upper()) <= LETTERS | {"Q"}
    ]


def _projects(context: Context) -> list[tuple[str, str]]:
    query = {"fields": "key,title", "ordering": "key", "limit": MOST}
    return [(row["key"], row["title"]) for row in context.api.get("/api/v1/projects/", query)["results"]]


def _views(context: Context) -> list[tuple[str, str]]:
    """Return the saved views, with hyphens for the blanks in their names, which a shell would need to quote."""
    query = {"fields": "name,filters", "limit": MOST}
    return [
        (row["name"].replace(" ", "-"), row["filters"])
        for row in context.api.get("/api/v1/saved-views/", query)["results"]
    ]


def _questions(context: Context) -> list[tuple[str, str]]:
    """Return the questions that wait for an answer."""
    query = {"status": "open", "current": "true", "fields": "display_key,text", "limit": MOST}
    return [(row["display_key"], row["text"]) for row in context.api.get("/api/v1/questions/", query)["results"]]


def _items(context: Context, typed: str) -> list[tuple[str, str]]:
    project, dash, _ = typed.partition("-")
    keys = [project] if dash else [key for key, _ in _projects(context) if key.lower().startswith(typed.lower())]
    if len(keys) > 1:  # complete the project first
        return [(f"{key}-", "") for key in keys]
    query = {"fields": "display_key,title", "ordering": "-updated_at", "include_done": "true", "limit": MOST}
    return [
        (row["display_key"], row["title"])
        for key in keys
        for row in context.api.get("/api/v1/work-items/", {**query, "project": key})["results"]
    ]


def _context(before: Sequence[str], environ: Mapping[str, str]) -> Context:
    from projects.client.context import Context

    flags: list[str] = []
    for number, word in enumerate(before):
        name, equals, value = word.partition("=")
        if name in ("--server", "--config-dir"):
            flags += [name, value if equals else "".join(before[number + 1 : number + 2])]
    options = grammar.parse(grammar.find(["activity", "list", *flags]))
    environ = {name: value for name, value in environ.items() if name != "PM_AUTOSTART"}
    if options.config_dir:
        environ["PM_CONFIG_DIR"] = options.config_dir
    options.timeout = 0.5
    return Context(options, environ, None, None)
