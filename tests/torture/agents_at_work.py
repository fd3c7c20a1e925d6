"""Scenario 20: agents share one board, each in a real process and session of its own.

`begun_at_once`: 16 agents call `pm begin` at the same moment; each gets another leaf, and again the same one.
`worked_until_empty`: three agents in three worktrees and an MCP client finish a planned board; one of them dies on the
way.
"""

from __future__ import annotations

import json
import random
import sqlite3
import subprocess
import threading
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

from tests.processes import DEADLINE, MANAGE, Server, environment, poll
from tests.projects.sync.repositories import git
from tests.torture.ground import ended, repository
from tests.torture.reporter import Result

AGENTS = 16
CLOSED = ("done", "cancelled")
PERSON = "maria"
EPICS, STORIES, TASKS = 2, 8, 30  # together 40 items
LEFT = 2  # tasks that are assigned to the person
SOONER = "UPDATE projects_workitem SET lease_expires_at = '2020-01-01 00:00:00' WHERE item_number = ?"

Item = dict[str, Any]


class Agent(NamedTuple):
    """An agent: where it works, and the variables by which its session is found."""

    name: str
    place: Path
    variables: dict[str, str]

    def start(self, *arguments: str, stdin: int = subprocess.DEVNULL) -> subprocess.Popen[str]:
        """Start `pm`; with a pipe as `stdin` it waits for a line first."""
        waits = ["sh", "-c", 'read -r go && exec "$@" </dev/null', "sh"] if stdin != subprocess.DEVNULL else []
        return subprocess.Popen(
            [*waits, *MANAGE, "pm", *arguments],
            cwd=self.place,
            env=environment(**self.variables),
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def pm(self, *arguments: str) -> Any:
        return _answer(self.start(*arguments))

    def begin(self) -> str:
        return str(self.pm("begin")["key"])

    def note(self, key: str, text: str) -> None:
        self.pm("note", key, text)

    def done(self, key: str) -> None:
        self.pm("done", key)

    def end(self) -> None:
        """Leave: nothing of this agent runs between its commands."""


class McpAgent:
    """An agent that works through the tools of one `pm mcp`."""

    def __init__(self, name: str, place: Path, variables: dict[str, str]) -> None:
        self.name = name
        self._calls = 0
        self._process = subprocess.Popen(
            [*MANAGE, "pm", "mcp"],
            cwd=place,
            env=environment(**variables),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        client = {"name": name, "version": "1"}
        self._ask("initialize", {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": client})
        self._send({"method": "notifications/initialized"})

    def begin(self) -> str:
        return self._call("begin").split(maxsplit=1)[0]

    def note(self, key: str, text: str) -> None:
        self._call("note", key=key, text=text)

    def done(self, key: str) -> None:
        self._call("done", keys=[key])

    def end(self) -> None:
        self._process.communicate(timeout=4 * DEADLINE)

    def _call(self, tool: str, **arguments: Any) -> str:
        result = self._ask("tools/call", {"name": tool, "arguments": arguments})
        text = str(result["content"][0]["text"])
        if result.get("isError"):
            error = json.loads(text)["error"]
            raise Refused(f"{error['code']}: {error['message']}")
        return text

    def _ask(self, method: str, parameters: dict[str, Any]) -> Any:
        self._calls += 1
        self._send({"id": self._calls, "method": method, "params": parameters})
        assert self._process.stdout is not None
        answer = json.loads(self._process.stdout.readline())
        assert answer["id"] == self._calls, answer
        return answer["result"]

    def _send(self, message: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
        self._process.stdin.flush()


class Refused(Exception):
    """A command failed; the message begins with the error's code."""


def _answer(process: subprocess.Popen[str]) -> Any:
    """Return what a command printed. Raises Refused."""
    out, err = process.communicate(timeout=4 * DEADLINE)
    if process.returncode:
        try:
            error = json.loads(err.splitlines()[-1])["error"]
        except (IndexError, ValueError, KeyError):
            raise Refused(f"{process.returncode} {err[-300:]}") from None
        raise Refused(f"{error['code']}: {error['message']}")
    return json.loads(out)


def _planned(server: Server, chance: random.Random) -> None:
    """Create 2 epics, 8 stories and 30 tasks with blockers at every level; two tasks belong to a person."""

    def create(path: str, **body: Any) -> Item:
        answer = server.api("POST", path, json=body, headers={"X-PM-New-User": "person"})
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    create("projects/", key="PONE", title="Planned")
    epics = [create("work-items/", project="PONE", item_type="epic", title=f"Epic {number}") for number in range(EPICS)]
    stories = [
        create(
            "work-items/",
            **{"project": "PONE", "item_type": "story", "title": f"Story {number}", "priority": "critical"},
            parent=epics[number % EPICS]["display_key"],
        )
        for number in range(STORIES)
    ]
    tasks = [
        create(
            "work-items/",
            **{"project": "PONE", "item_type": chance.choice(("task", "bug", "chore")), "title": f"Task {number}"},
            **{"parent": stories[number % STORIES]["display_key"], "priority": chance.choice(("low", "high"))},
            **{"status": chance.choice(("backlog", "todo"))},
            **({"assignee": PERSON} if number >= TASKS - LEFT else {}),
        )
        for number in range(TASKS)
    ]
    free = tasks[: TASKS - LEFT]
    links = [(free[number], free[number + STORIES]) for number in range(0, len(free) - STORIES, 3)]
    links += [(stories[0], stories[3]), (stories[1], stories[4]), (free[0], stories[2])]
    for blocking, blocked in links:
        create("dependencies/", blocking_item=blocking["display_key"], blocked_item=blocked["display_key"])


def _items(server: Server) -> dict[str, Item]:
    query = "project=PONE&include_done=true&limit=200&fields=*"
    return {row["display_key"]: row for row in server.api("GET", f"work-items/?{query}").json()["results"]}


def _ready(server: Server) -> set[str]:
    """Return the keys of what is ready, computed without the product's own rule."""
    items = _items(server)
    by_id = {item["id"]: key for key, item in items.items()}
    blockers: dict[str, set[str]] = {}
    for link in server.api("GET", "dependencies/?project=PONE&limit=200&fields=*").json()["results"]:
        blocking, blocked = by_id[link["blocking_item_id"]], by_id[link["blocked_item_id"]]
        if items[blocking]["status"] not in CLOSED:
            blockers.setdefault(blocked, set()).add(blocking)
    parents = {item["parent"] for item in items.values() if item["status"] not in CLOSED}

    def is_blocked(key: str | None) -> bool:
        return key is not None and (bool(blockers.get(key)) or is_blocked(items[key]["parent"]))

    return {
        key
        for key, item in items.items()
        if item["status"] in ("backlog", "todo") and item["assignee"] is None
        if key not in parents and not is_blocked(key)
    }


def begun_at_once(rounds: int) -> Result:
    """Let 16 agents begin at once, again and again."""
    result = Result(f"{AGENTS} agents begin at once", "a `pm begin`, when all call it")
    with repository() as directory, ended(server := Server(directory).ready()):
        _planned(server, random.Random(1))
        for number in range(AGENTS):  # enough leaves that nothing blocks
            body = {"project": "PONE", "item_type": "task", "title": f"Free {number}"}
            assert server.api("POST", "work-items/", json=body).status_code == 201
        agents = [Agent(f"agent-{number}", directory, {"PM_SESSION": f"run-{number}"}) for number in range(AGENTS)]
        for number in range(rounds):
            with result.attempt():
                _round(server, agents, result, closes=number % 4 == 3)
    return result


def _round(server: Server, agents: list[Agent], result: Result, *, closes: bool) -> None:
    ready = _ready(server)
    assert len(ready) >= AGENTS, f"only {len(ready)} items are ready"
    with result.clock():
        begun = _all_at_once(agents)
    assert len(set(begun)) == AGENTS, f"some agents began the same item: {sorted(begun)}"
    assert set(begun) <= ready, f"not ready: {sorted(set(begun) - ready)}"
    again = _all_at_once(agents)
    assert again == begun, f"the second call answered {again} instead of {begun}"
    rows = _history(server)[-AGENTS:]
    sessions = {row["display_key"]: row["session"] for row in rows}
    assert sessions.keys() == set(begun), f"the last changes are of {sorted(sessions)}"
    assert len({*sessions.values()} - {""}) == AGENTS, f"sessions of the claims: {sessions}"
    # Most rounds give everything back; some finish one item.
    finished = begun[0]
    for agent, key in zip(agents, begun, strict=True):
        if closes and key == finished:
            agent.pm("done", key, "--as", agent.name)
        else:
            assert server.api("POST", f"work-items/{key}/release/", json={"force": True}).status_code == 200


def _all_at_once(agents: list[Agent]) -> list[str]:
    """Return the key that each agent got; all processes exist before the first of them calls."""
    processes = [agent.start("begin", "--as", agent.name, stdin=subprocess.PIPE) for agent in agents]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.close()
        process.stdin = None
    try:
        return [str(_answer(process)["key"]) for process in processes]
    except Refused as refusal:
        raise AssertionError(f"begin was refused: {refusal}") from None


class Worker(threading.Thread):
    """An agent that begins and finishes items until none is ready and nobody works on one."""

    def __init__(self, agent: Agent | McpAgent, server: Server, *, dies_at: int | None = None) -> None:
        super().__init__()
        self.agent, self.server = agent, server
        self.dies_at = dies_at
        self.begun: list[str] = []
        self.died_on: str | None = None
        self.wrong: list[str] = []

    def run(self) -> None:
        try:
            while self.died_on is None and poll(self._step, 120, f"{self.agent.name} finds work or the end") != "end":
                pass
        except Exception as error:
            self.wrong.append(f"{self.agent.name}: {error!r}")

    def _step(self) -> str:
        """Do one item; return "" if others still work on what blocks the rest, and "end" if nothing is left."""
        try:
            key = self.agent.begin()
        except Refused as refusal:
            if not str(refusal).startswith("NOTHING_READY"):
                raise
            rest = [one for one in _items(self.server).values() if one["status"] not in CLOSED]
            return "end" if not _ready(self.server) and not any(one["claimed_by"] for one in rest) else ""
        self.begun.append(key)
        if len(self.begun) == self.dies_at:
            self.died_on = key
            return "died"
        again = self.agent.begin()
        if again != key:
            self.wrong.append(f"{self.agent.name} began {key}, and then {again}")
        self.agent.note(key, f"{self.agent.name} works on it")
        self.agent.done(key)
        return "done"


def worked_until_empty(boards: int) -> Result:
    """Let three agents in three worktrees and an MCP client finish a planned board of 40 items."""
    result = Result("boards of 40 items finished by three agents and an MCP client", "a board")
    for seed in range(boards):
        with repository() as directory, ended(server := Server(directory).ready()), result.attempt(), result.clock():
            _planned(server, random.Random(seed))
            workers = _workers(server, directory)
            try:
                _work(server, directory, workers)
            finally:
                for worker in workers:
                    worker.agent.end()
            _check(server, workers)
    return result


def _workers(server: Server, directory: Path) -> list[Worker]:
    """Return four agents: two whose program names its session, one known by its worktree, one with MCP."""
    git("commit", "-q", "--allow-empty", "-m", "begin", cwd=directory)
    variables: dict[str, dict[str, str]] = {
        "claude": {"CLAUDECODE": "1", "CLAUDE_CODE_SESSION_ID": "aaaa-1"},
        "codex": {"CODEX_THREAD_ID": "bbbb-2"},
        "llm": {},
    }
    workers = []
    for name, values in variables.items():
        place = directory.parent / name
        git("worktree", "add", "-q", place, "-b", name, cwd=directory)
        workers.append(Worker(Agent(name, place, values), server, dies_at=4 if name == "codex" else None))
    workers.append(Worker(McpAgent("gemini", directory, {"GEMINI_CLI": "1"}), server))
    return workers


def _work(server: Server, directory: Path, workers: list[Worker]) -> None:
    for worker in workers:
        worker.start()
    dead = next(worker for worker in workers if worker.dies_at)
    dead.join(4 * DEADLINE)
    if dead.died_on is not None:  # time passes: its lease runs out
        number = int(dead.died_on.partition("-")[2])
        with closing(sqlite3.connect(directory / ".pm" / "data.db", timeout=DEADLINE, isolation_level=None)) as board:
            board.execute(SOONER, [number])
    for worker in workers:
        worker.join(10 * DEADLINE)
        assert not worker.is_alive(), f"{worker.agent.name} still works"
    wrong = [text for worker in workers for text in worker.wrong]
    assert not wrong, wrong


def _check(server: Server, workers: list[Worker]) -> None:
    items = _items(server)
    held_up = {PERSON}
    for key, item in items.items():
        if item["assignee"] == PERSON:
            assert item["status"] in ("backlog", "todo"), f"{key}, which belongs to {PERSON}, is {item['status']}"
    rest = {key for key, item in items.items() if item["status"] not in CLOSED}
    above = {items[key]["parent"] for key in rest}
    assert all(items[key]["assignee"] in held_up or key in above for key in rest), f"left: {sorted(rest)}"
    rows = _history(server)
    finished: dict[str, int] = {}
    for row in rows:
        new = {change["field"]: change["new"] for change in row["changes"]}
        if row["actor"] in {worker.agent.name for worker in workers} and row["actor"] != "llm":
            assert row["session"], f"a change by {row['actor']} has no session: {row}"
        if new.get("status") == "done":
            assert row["display_key"] not in finished, f"{row['display_key']} was finished twice"
            finished[row["display_key"]] = row["id"]
    for key, place in finished.items():
        for child, item in items.items():
            if item["parent"] == key:
                assert finished.get(child, place) < place, f"{key} was finished before {child}"
    sessions = {row["session"] for row in rows if row["display_key"] in finished and row["action"] == "updated"}
    assert len(sessions) == len(workers), f"{len(sessions)} sessions for {len(workers)} agents"
    counts = [key for worker in workers for key in worker.begun]
    dead = next(worker.died_on for worker in workers if worker.dies_at)
    assert dead is None or dead in finished, f"nobody finished {dead}, whose agent died"
    double = {key for key in counts if counts.count(key) > 1} - {dead}
    assert not double, f"begun by two agents: {sorted(double)}"


def _history(server: Server) -> list[Item]:
    """Return the whole activity, the oldest first."""
    rows: list[Item] = []
    path: str | None = "activity/?project=PONE&limit=200&fields=*"
    while path:
        page = server.api("GET", path).json()
        rows += page["results"]
        path = page["next"] and page["next"].partition("/api/v1/")[2]
    return sorted(rows, key=lambda row: int(row["id"]))
