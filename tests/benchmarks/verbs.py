"""Time every short verb against `python -c pass`, in one run: what the others do to the machine, they do to all."""

from __future__ import annotations

import functools
import statistics
from collections.abc import Callable

from tests.benchmarks.figures import Figure
from tests.benchmarks.ground import Ground

ITEMS = 100
# The verbs in the order of a round; `{}` and `{other}` are items that each round has for itself.
VERBS: dict[str, tuple[str, ...]] = {
    "list": ("list",),
    "ready": ("ready",),
    "next": ("next",),
    "show": ("show", "VERB-{}"),
    "begin": ("begin", "VERB-{}"),
    "ask": ("ask", "VERB-{}", "Go on?", "--choice", "yes"),
    "note": ("note", "VERB-{}", "One more"),
    "tick": ("tick", "VERB-{}", "1"),
    "untick": ("untick", "VERB-{}", "1"),
    "update": ("update", "VERB-{}", "--points", "3"),
    "log": ("log", "VERB-{}"),
    "tree": ("tree", "VERB-{}"),
    "news": ("news",),
    "inbox": ("inbox",),
    "search": ("search", "number"),
    "who": ("who",),
    "whoami": ("whoami",),
    "back": ("back", "VERB-{}"),
    "create": ("create", "One more"),
    "review": ("review", "VERB-{other}", "-m", "Tested"),
    "done": ("done", "VERB-{}", "-m", "Tested"),
}


def verb(name: str) -> Callable[[Ground], Figure]:
    """Return a function that returns the figure of a verb; all verbs are timed when the first is asked for."""
    return lambda ground: every_verb(ground)[name]


# Verbs without a figure here, and why.
UNTIMED = {
    "plan": "it reads a file and creates many items",
    "attach": "it sends a file of any size",
    "commits": "it waits for git, and `orphans` does",
    "orphans": "as commits",
    "wait": "it waits",
    "check": "it runs commands",
    "forecast": "it simulates the future of the board, for people",
    "stats": "it reads the history of the board, for people",
    "answer": "people do",
    "accept": "people do",
    "send-back": "people do",
    "waive": "people do",
    "unwaive": "people do",
}


@functools.cache
def every_verb(ground: Ground) -> dict[str, Figure]:
    """Return the median ratio of each verb and of a bare interpreter that runs just before it."""
    directory = ground.repository("verbs")
    server = ground.serve(directory)
    (directory / "plan.txt").write_text(
        "".join(f"Item number {number} {{accept=fast}}\n" for number in range(1, ITEMS + 1))
    )
    pm, bare = ground.installed.command("pm"), [ground.installed.command("python"), "-c", "pass"]
    for words in (("project", "create", "--key", "VERB", "--title", "Verbs"), ("plan", "plan.txt")):
        ground.installed.run([pm, *words], server.directory)
    pairs: dict[str, list[tuple[float, float]]] = {name: [] for name in VERBS}
    for number in range(1, ground.rounds + 2):
        for name, words in VERBS.items():
            basis = ground.installed.time(bare, directory)
            taken = ground.installed.time(
                [pm, *(word.format(number, other=number + ITEMS // 2) for word in words)], directory
            )
            if number > 1:  # the first round is a warm-up
                pairs[name].append((taken, basis))
    return {name: _figure(times) for name, times in pairs.items()}


def _figure(pairs: list[tuple[float, float]]) -> Figure:
    taken, basis = (statistics.median(times) * 1e3 for times in zip(*pairs, strict=True))
    return Figure(statistics.median(one / other for one, other in pairs), f"{taken:.1f} ms / {basis:.1f} ms")
