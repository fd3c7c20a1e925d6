"""The targets as data: the figure that each must reach, and the function that measures it."""

from __future__ import annotations

from dataclasses import dataclass

from tests.benchmarks import answers, commands, latencies, rates, servers, sharing, transfer, verbs, waiting
from tests.benchmarks.commands import Measure


@dataclass(frozen=True)
class Target:
    """A target; `limit` is the maximum, or the minimum if `at_least` is set.

    `margin` is the factor by which the short form may miss it: few rounds, on a machine that may be busy.
    """

    what: str
    limit: float
    unit: str
    measure: Measure
    at_least: bool = False
    margin: float = 2.5

    def is_met(self, value: float, margin: float = 1.0) -> bool:
        """Return whether a value reaches the limit, or comes as near as `margin` allows."""
        return value * margin >= self.limit if self.at_least else value <= self.limit * margin

    @property
    def promise(self) -> str:
        """The limit as text."""
        return f"{'≥' if self.at_least else '≤'} {self.limit:,g} {self.unit}"


TARGETS = {
    "project-list": Target(
        "pm project list / python -c pass", 2.4, "×", commands.against_pass(*commands.LIST_PROJECTS)
    ),
    "get": Target("pm work-item get / python -c pass", 2.4, "×", commands.against_pass(*commands.GET)),
    "list": Target("pm work-item list, 100 items / python -c pass", 2.6, "×", commands.against_pass(*commands.LIST)),
    "create": Target("pm work-item create / python -c pass", 2.6, "×", commands.against_pass(*commands.CREATE)),
    **{f"verb-{name}": Target(f"pm {name} / python -c pass", 2.0, "×", verbs.verb(name)) for name in verbs.VERBS},
    "mcp": Target("pm mcp, started and initialized / python -c pass", 10.0, "×", commands.mcp_against_pass),
    "manage": Target("manage.py pm / the console script", 1.15, "×", commands.manage_against_script),
    "size": Target("pm work-item list, 100,000 items / 100", 1.2, "×", commands.large_against_small),
    "depth": Target("pm work-item list, page 1,000 / page 1", 1.2, "×", commands.deep_against_first),
    "discovery": Target("discovery in the process, p99 / python -c pass", 0.09, "×", commands.discovery, margin=20.0),
    "item": Target("GET one item / bare WSGI", 4.0, "×", answers.against_bare(answers.ITEM), margin=3.0),
    "page": Target("GET a slim page of 100 / bare WSGI", 8.0, "×", answers.against_bare(answers.PAGE), margin=3.0),
    "post": Target("POST an item, 8 clients / SQLite alone", 20.0, "%", rates.creation, at_least=True),
    "reads": Target("list, filter, ready, search, stats, p99 / python -c pass", 4.4, "×", latencies.reads, margin=20.0),
    "creates": Target(
        "create, 8 clients, p99 / pass and 8 bare commits", 3.1, "×", latencies.writes("create"), margin=20.0
    ),
    "updates": Target(
        "update, 8 clients, p99 / pass and 8 bare commits", 3.1, "×", latencies.writes("update"), margin=20.0
    ),
    "claims": Target(
        "claim, 8 clients, p99 / pass and 8 bare commits", 3.1, "×", latencies.writes("claim"), margin=20.0
    ),
    "wait-beside": Target("pm project list, beside 30 waiting commands / alone", 1.3, "×", waiting.beside),
    "wait-latency": Target("an answer reaches a waiting command, median of 20", 1.0, "s", waiting.latency),
    "start": Target("start to first correct response / manage.py check", 1.2, "×", servers.start),
    "memory": Target("server with 2 workers after traffic, PSS / bare WSGI", 2.1, "×", servers.memory),
    "import": Target(
        "import of 100,000 items / SQLite alone", 170.0, "%", transfer.import_speed, at_least=True, margin=4.0
    ),
    "export": Target(
        "export of 100,000 items / SQLite and json alone", 23.0, "%", transfer.export_speed, at_least=True, margin=4.0
    ),
    "transfer-memory": Target("import and export, peak / Django alone", 4.0, "×", transfer.peak),
    "sync": Target("pm sync, nothing to do / git fetch, 1.5 × pass, one request", 1.0, "×", sharing.idle),
    "sync-change": Target("pm sync, one change / git fetch and git push", 2.5, "×", sharing.one_change),
    "sync-writes": Target(
        "create, 8 clients, p99, beside pm sync / without", 1.5, "×", sharing.beside_writers, margin=5.0
    ),
    "sync-join": Target(
        "a clone joins a board of 10,000 operations", 2.0, "s", sharing.join(10_000, 3_000), margin=5.0
    ),
    "sync-join-large": Target(
        "a clone joins a board of 100,000 operations", 15.0, "s", sharing.join(100_000, 10_000), margin=5.0
    ),
    "sync-size": Target("the ref after 10,000 operations, after gc", 5.0, "MiB", sharing.size),
}
GROUPS = {
    "verbs": [f"verb-{name}" for name in verbs.VERBS],
    "wait": ["wait-beside", "wait-latency"],
}  # of targets, for `--only`
