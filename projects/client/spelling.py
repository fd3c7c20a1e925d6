"""What an unknown word probably means. Only imported after a mistake."""

from __future__ import annotations

from projects.client import vocabulary

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


def nearest(word: str, words: Iterable[str]) -> str:
    """Return the word that a typo probably means, "" if none is near.

    Typing errors seldom change the first letter. Other words that are as similar mean something else.
    """
    typed = word.lstrip("-").lower()
    best, least = "", 3
    for each in words:
        other = each.lstrip("-")
        if len(typed) < 3 or other[:1] != typed[:1] or (word[0] == "-") != (each[0] == "-"):
            continue
        steps = 0 if other.startswith(typed) else distance(typed, other)
        if steps < least and steps <= (1 if len(typed) < 6 else 2):
            best, least = each, steps
    return best


def nearest_of_each(text: str, words: Iterable[str]) -> str:
    """Return comma-separated words with the nearest of `words` for each that is none of them, "" if one has none."""
    known = tuple(words)
    found = []
    for word in text.split(","):
        negation = "not:" if word.startswith("not:") else ""
        plain = word.removeprefix("not:")
        typed = plain.strip().lower().replace(" ", "_").replace("-", "_")
        suggested = vocabulary.SUGGESTED_VALUES.get(typed, "")
        right = plain if plain in known else suggested if suggested in known else nearest(plain, known)
        if not right:
            return ""
        found.append(negation + right)
    return ",".join(found)


def distance(one: str, two: str) -> int:
    """Return how many letters to insert, delete, replace or swap with the next one (optimal string alignment)."""
    before: list[int] = []
    row = list(range(len(two) + 1))
    for i, letter in enumerate(one, 1):
        before, last, row = row, before, [i]
        for j, other in enumerate(two, 1):
            step = min(before[j] + 1, row[-1] + 1, before[j - 1] + (letter != other))
            if i > 1 and j > 1 and letter == two[j - 2] and one[i - 2] == other:
                step = min(step, last[j - 2] + 1)
            row.append(step)
    return row[-1]


def question(phrase: str, right: str) -> str:
    """Return a "did you mean" clause, "" if nothing is suggested."""
    meant = [f"pm {text.replace('{', '').replace('}', '')}" for text in suggestions(phrase)] or [right] * bool(right)
    return f"; did you mean {' or '.join(meant)}?" if meant else ""


def suggestions(phrase: str) -> list[str]:
    """Return the commands that are suggested for an unknown one."""
    texts = vocabulary.SUGGESTIONS.get(phrase, ())
    return [text for text in texts if text.split()[0] in vocabulary.COMMANDS]
