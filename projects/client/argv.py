"""Read the tokens of a command line: join values to flags, replace synonyms, report mistakes, convert the values."""

from __future__ import annotations

from projects.client import vocabulary
from projects.client.errors import Mistake, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

    Settings = dict[str, Any]  # the keyword arguments of argparse.add_argument
    Option = tuple[tuple[str, ...], Settings]
    Value = Any  # whatever an option's `type` returns

MANY = ("+", "*")  # nargs of positionals that take several words


class Options:
    """The options of a call by name, like `argparse.Namespace`, but without importing argparse."""

    def __init__(self, values: dict[str, Value]) -> None:
        self.__dict__ = values

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Value: ...
        def __setattr__(self, name: str, value: Value) -> None: ...


def normalised(
    tokens: Sequence[str],
    options: Sequence[Option],
    program: str,
    places: Sequence[str] = (),
    fixed: Sequence[str] = (),
) -> list[str]:
    """Return the flags, each joined to its value by "=", and then the words. Raises UsageError.

    Synonyms of flags and values are replaced. Words fill the flags of `places` that are not given; "" leaves one where
    it is. The flags `fixed` are added unless they are given.
    """
    known = settings_of(options)
    end = end_of_flags(tokens)
    flags: list[str] = []
    words: list[str] = []
    texts: list[str] = []  # after all other words
    rest = iter(tokens[:end])
    for token in rest:
        name, equals, value = token.partition("=")
        if not token.startswith("-") or (name not in known and (len(token) == 1 or any(map(str.isspace, token)))):
            is_assignment = equals and f"--{name}" in known and program.endswith(" update")
            (flags if is_assignment else words).append(f"--{token}" if is_assignment else token)
            continue
        meant = [name] if name in known else meanings(name, options)
        has_digit = any(map(str.isdecimal, token))  # -n5, -pP1, but not -la
        if not meant and token[:2] != "--" and has_digit and meanings(token[:2], options):
            name, equals, value = token[:2], "=", token[2:].removeprefix("=")
            meant = meanings(name, options)
        if not meant and program.rpartition(" ")[2] in vocabulary.WITHOUT_EFFECT.get(name, ()):
            continue
        if not meant:
            phrase = f"{program.removeprefix('pm ')} {name}"
            raise Mistake(f"unknown flag {name}", name, known, f"{program} -h", phrase, [*rest])
        if "=" in meant[0] or known.get(meant[0], {}).get("action") == "store_true":
            flags.append(meant[0] + equals + value)
            continue
        if not equals:
            following = next(rest, None)
            if following is None or following.partition("=")[0] in known:
                raise UsageError(f"{name} needs a value; see: {program} -h")
            value = following
        # -p 9 is a wrong priority: no project has a number as its key.
        fitting = () if value.isdecimal() else (each for each in meant if _fits(value, known.get(each, {})))
        flag = next(iter(fitting), meant[0])
        if flag in known:
            flags.append(f"{flag}={value}")
        elif flag == "{TEXT}":
            texts.append(value)
        else:
            words.insert(0, value)
    words += [*tokens[end + 1 :], *texts]
    flags += _placed(words, places, flags)
    given = {flag.partition("=")[0] for flag in flags}
    flags += [flag for flag in fixed if flag.partition("=")[0] not in given]
    flags = [canonical(flag, known, program) for flag in flags]
    return [*flags, "--", *words] if any(word.startswith("-") for word in words) else [*flags, *words]


def meanings(name: str, options: Iterable[Option]) -> list[str]:
    """Return the flags of `options` that a flag may mean, `{ID}` for a positional; [] if it is unknown."""
    known = settings_of(options)
    plain = name.lower().replace("_", "-") if name.startswith("--") else name
    if name in known or plain in known:
        return [name if name in known else plain]
    metavars = {word for flags, settings in options if flags[0][0] != "-" for word in _metavar(settings).split("|")}
    found = []
    for flag in vocabulary.FLAGS.get(plain, "").split():
        name, equals, value = flag.partition("=")
        if name.strip("{}") in metavars or (name in known and (not equals or _fits(value, known[name]))):
            found.append(flag)
    return found


def refuse_repeated(tokens: Sequence[str], options: Iterable[Option], program: str) -> None:
    """Raise UsageError if a single-value flag is repeated: argparse would silently drop the first value."""
    once = {flag for flags, settings in options for flag in flags if settings.get("action", "store") == "store"}
    given: set[str] = set()
    for token in tokens[: end_of_flags(tokens)]:
        flag, equals, _ = token.partition("=")
        if equals and flag in given:
            raise UsageError(f"{flag} is given twice; it takes one value; see: {program} -h")
        if flag in once:
            given.add(flag)


def read(table: Iterable[Option], tokens: Sequence[str]) -> dict[str, Value] | None:
    """Return the values of a command line by name; None if it is invalid.

    The tokens are `normalised`.
    """
    values: dict[str, Value] = {}
    known: dict[str, tuple[str, Settings]] = {}
    places: list[tuple[str, Settings]] = []
    missing: set[str] = set()
    for flags, settings in table:
        named = flags[0].startswith("-")
        name = name_of(flags, settings)
        values[name] = settings.get("default", False if settings.get("action") == "store_true" else None)
        if named:
            known.update((flag, (name, settings)) for flag in flags)
        else:
            places.append((name, settings))
        if settings.get("required", not named and settings.get("nargs", "+") == "+"):
            missing.add(name)
    end = end_of_flags(tokens)
    words = list(tokens[end + 1 :])
    for token in tokens[:end]:
        flag, equals, text = token.partition("=")
        if flag not in known:
            words.append(token)
            continue
        name, settings = known[flag]
        action = settings.get("action", "store")
        if bool(equals) == (action == "store_true"):
            return None
        if not _keep(values, name, settings, text if equals else True, append=action == "append"):
            return None
        missing.discard(name)
    needed = len([name for name, settings in places if name in missing])
    for name, settings in places:
        needed -= name in missing
        nargs = settings.get("nargs")
        most = max(len(words) - needed, 0) if nargs in MANY else min(len(words) - needed, 1)
        if nargs == "*" and most == 0:
            values[name] = settings.get("default", [])
        for word in words[:most]:
            if not _keep(values, name, settings, word, append=nargs in MANY):
                return None
            missing.discard(name)
        del words[: max(most, 0)]
    return None if missing or words else values


def name_of(flags: Sequence[str], settings: Settings) -> str:
    """Return the name under which the value of an option is kept."""
    name: str = settings.get("dest") or flags[-1].lstrip("-").replace("-", "_")
    return name


def settings_of(options: Iterable[Option]) -> dict[str, Settings]:
    """Return the settings of each flag."""
    return {flag: settings for flags, settings in options for flag in flags if flag.startswith("-")}


def end_of_flags(tokens: Sequence[str]) -> int:
    """Return the index of `--`, after which all tokens are positionals, or the number of tokens."""
    return tokens.index("--") if "--" in tokens else len(tokens)


def canonical(flag: str, known: Mapping[str, Settings], program: str) -> str:
    """Return `--flag=value` with the value as the API spells it, if the flag has choices. Raises Mistake."""
    name, equals, value = flag.partition("=")
    settings = known.get(name, {})
    choices = settings.get("choices") or _words_of(settings)
    if not equals or not choices:
        return flag
    if not _fits(value, settings):
        message = f"{name}: invalid choice: {value!r} (choose from {', '.join(choices)})"
        raise Mistake(message, value, choices, f"{program} -h")
    return f"{name}={_choices(value, choices) if _words_of(settings) else _choice(value, choices)}"


def _choices(text: str, choices: Sequence[str]) -> str:
    """Return comma-separated words as the API spells them; a word may stand for several."""
    found = []
    for word in text.split(","):
        negation = "not:" if word.startswith("not:") else ""
        plain = _plain(word.removeprefix("not:"))
        group = vocabulary.GROUPS.get(plain, "").split(",") if plain not in choices else [""]
        if plain in vocabulary.ALL and plain not in choices:
            group = list(choices)
        meant = ",".join(group) if {*group} <= {*choices} else _choice(word.removeprefix("not:"), choices)
        found.append(negation + meant)
    return ",".join(found)


def _choice(word: str, choices: Sequence[str]) -> str:
    """Return the choice that a word means; the word itself if there is none."""
    if word in choices:
        return word
    plain = _plain(word)
    spelled = [choice for choice in choices if choice.replace("-", "_") == plain]
    spelled += [choice for choice in vocabulary.VALUES.get(plain, "").split() if choice in choices]
    return spelled[0] if spelled else word


def _fits(value: str, settings: Settings) -> bool:
    """Return True if an option accepts a value, as far as its choices say."""
    choices, words = settings.get("choices"), _words_of(settings)
    if choices:
        return _choice(value, choices) in choices
    return not words or all(word.removeprefix("not:") in words for word in _choices(value, words).split(","))


def _words_of(settings: Settings) -> tuple[str, ...]:
    """Return the words of which an option takes a list, () if any."""
    words: tuple[str, ...] = getattr(settings.get("type"), "choices", ())
    return words


def _placed(words: list[str], places: Sequence[str], flags: Sequence[str]) -> list[str]:
    """Take words out of `words` for the flags in `places` that are not given; return these flags."""
    given = {flag.partition("=")[0] for flag in flags}
    found: list[str] = []
    kept: list[str] = []
    for place in places:
        if words and place not in given:
            word = words.pop(0)
            if place:
                found.append(f"{place}={word}")
            else:
                kept.append(word)
    words[:0] = kept
    return found


def _plain(word: str) -> str:
    return word.strip().lower().replace(" ", "_").replace("-", "_")


def _metavar(settings: Settings) -> str:
    return str(settings.get("metavar", ""))


def _keep(values: dict[str, Value], name: str, settings: Settings, given: str | bool, *, append: bool = False) -> bool:
    """Store a value; return False if the option does not accept it."""
    value: Value = given
    if "type" in settings:
        try:
            value = settings["type"](given)
        except Exception:  # argparse tries again and reports the error
            return False
    if value not in settings.get("choices", (value,)):
        return False
    values[name] = [*(values[name] or ()), value] if append else value
    return True
