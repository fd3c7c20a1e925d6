"""Count what files of other trackers hold, without the adapters: each is parsed again here, in the simplest way.

`counted` says what an import should leave on an empty board by docs/importing.md, `on_board` what is there.
"""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

Link = tuple[str, str, str, str]  # kind, the item that it starts at, the other one, when it was made
GO_NEVER = "0001-01-01T00:00:00Z"  # how a program in Go writes that a time is unknown
WORDS = {
    "status": {
        "backlog": "backlog icebox someday deferred later draft waiting recurring",
        "todo": "todo open new pending ready reopened pinned to_do selected_for_development",
        "in_progress": "in_progress doing started active wip in_development hooked in-progress",
        "review": "review in_review code_review in_qa qa testing verify",
        "done": "done closed complete completed resolved finished fixed merged",
        "blocked": "blocked impeded",
        "cancelled": "cancelled canceled wontfix won't_do won't_fix abandoned rejected skipped deleted",
    },
    "type": {
        "epic": "epic initiative theme molecule convoy",
        "story": "story user_story feature enhancement new_feature improvement",
        "bug": "bug defect incident",
        "chore": "chore maintenance tech_debt spike documentation guide",
    },
    "priority": {
        "critical": "critical highest blocker urgent p0 0",
        "high": "high major p1 1 h",
        "low": "low lowest minor trivial p3 p4 3 4 l",
    },
}
MEANING = {
    (kind, word): here for kind, table in WORDS.items() for here, words in table.items() for word in words.split()
}
LEVELS = {"epic": 0, "story": 1}  # the others are 2


@dataclass
class Item:
    """An issue as its file has it; `links` are (kind, reference, when it was made)."""

    ref: str
    type: str = ""
    status: str = ""
    priority: str = ""
    parent: str = ""
    created: str = ""
    assignee: str = ""
    comments: list[str] = field(default_factory=list)
    criteria: list[tuple[str, bool]] = field(default_factory=list)
    links: list[tuple[str, str, str]] = field(default_factory=list)


@dataclass
class Counts:
    """Numbers of one import, by what is counted."""

    items: Counter[str] = field(default_factory=Counter)

    def add(self, what: str, number: int = 1) -> None:
        if number:
            self.items[what] += number

    def differences(self, other: Counts) -> list[str]:
        """Return a line for each number that differs."""
        names = sorted(self.items.keys() | other.items.keys())
        return [
            f"{name}: {self.items[name]} in the file, {other.items[name]} here"
            for name in names
            if self.items[name] != other.items[name]
        ]


def word(kind: str, value: object, default: str) -> str:
    return MEANING.get((kind, "_".join(str(value or "").lower().split())), default)


def boxes(text: str) -> list[tuple[str, bool]]:
    """Return the entries of a list in Markdown; the lines of a text that is none."""
    found = re.findall(r"^[ \t]*(?:(?:[-*+]|\d+[.)])[ \t]+(?:\[([ xX])\][ \t]+)?|\[([ xX])\][ \t]+)(\S.*)$", text, re.M)
    if found:
        return [(re.sub(r"^#\d+\s+", "", body).strip(), (one or two) in ("x", "X")) for one, two, body in found]
    return [(line.strip(), False) for line in text.splitlines() if line.strip()]


def beads(path: Path) -> Iterator[Item]:
    kinds = {"discovered-from": "discovered_from", "duplicates": "duplicates", "supersedes": "duplicates"}
    kinds |= dict.fromkeys(("blocks", "conditional-blocks", "waits-for"), "blocked_by")
    for line in path.read_text().splitlines():
        row = json.loads(line) if line.strip() else {"status": "tombstone"}
        if row.get("status") == "tombstone":
            continue
        item = Item(row["id"], word("type", row.get("issue_type"), "task"), word("status", row["status"], "todo"))
        item.priority = word("priority", row.get("priority"), "medium") if row.get("priority") != 0 else "critical"
        item.created, item.assignee = row.get("created_at", ""), row.get("assignee") or ""
        item.comments = [one["text"] for one in row.get("comments") or ()]
        item.criteria = boxes(row.get("acceptance_criteria") or "")
        for one in row.get("dependencies") or ():
            kind = one.get("type") or "blocks"
            if kind == "parent-child" and not item.parent:
                item.parent = one["depends_on_id"]
            else:
                made = one.get("created_at", "").removeprefix(GO_NEVER)
                item.links.append((kinds.get(kind, "relates_to"), one["depends_on_id"], made))
        yield item


def taskmaster(path: Path) -> Iterator[Item]:
    document = json.loads(path.read_text())
    tags = {"master": document} if "tasks" in document else document
    for tag, content in tags.items():
        if isinstance(content, dict):
            for task in content.get("tasks", ()):
                yield from _task(tag, task, "", ())


def _task(tag: str, task: dict[str, Any], above: str, siblings: Sequence[str]) -> Iterator[Item]:
    own = str(task["id"])
    number = own if not above or "." in own else f"{above}.{own}"
    item = Item(f"{tag}:{number}", "task", word("status", task.get("status"), "backlog"))
    item.priority = word("priority", task.get("priority"), "medium")
    item.parent = f"{tag}:{above}" if above else ""
    for one in map(str, task.get("dependencies") or ()):
        inside = above and (one in siblings or one.isdigit())
        item.links.append(("blocked_by", f"{tag}:{above}.{one}" if inside else f"{tag}:{one}", ""))
    yield item
    children = task.get("subtasks") or []
    for child in children:
        yield from _task(tag, child, number, [str(one["id"]) for one in children])


def taskwarrior(path: Path) -> Iterator[Item]:
    text = path.read_text().strip()
    for row in json.loads(text) if text.startswith("[") else map(json.loads, text.splitlines()):
        status = word("status", row["status"], "backlog")
        item = Item(row["uuid"], "task", "in_progress" if status == "todo" and "start" in row else status)
        item.priority, item.created = word("priority", row.get("priority"), "medium"), row.get("entry", "")
        item.comments = [one["description"] for one in row.get("annotations", ())]
        depends = row.get("depends") or []
        for one in depends.split(",") if isinstance(depends, str) else depends:
            item.links.append(("blocked_by", one, ""))
        yield item


def github(path: Path) -> Iterator[Item]:
    rows, text = [], path.read_text()
    while text := text.lstrip():  # one list after the other
        document, end = json.JSONDecoder().raw_decode(text)
        rows += document.get("items", [document]) if isinstance(document, dict) else document
        text = text[end:]
    issues = [row for row in rows if "title" in row and not row.get("pull_request")]
    for row in sorted(issues, key=lambda one: int(one["number"])):
        reason = (row.get("stateReason") or row.get("state_reason") or "").lower()
        is_closed = row.get("state", "").lower() == "closed"
        status = "cancelled" if reason in ("not_planned", "duplicate") else "done"
        labels = [one["name"] if isinstance(one, dict) else one for one in row.get("labels") or ()]
        kinds = {"bug": "bug", "epic": "epic", "enhancement": "story", "feature": "story", "chore": "chore"}
        own = (row.get("type") or {}).get("name") if isinstance(row.get("type"), dict) else None
        kind = (
            word("type", own, "task")
            if own
            else next((kinds[one.lower()] for one in labels if one.lower() in kinds), "task")
        )
        item = Item(str(row["number"]), kind, status if is_closed else "todo" if row.get("state") else "backlog")
        found = [
            re.fullmatch(r"(?:priority[:/\s-]+)?(p[0-4]|critical|urgent|high|medium|low)", one.lower())
            for one in labels
        ]
        item.priority = next((word("priority", one[1], "medium") for one in found if one), "medium")
        people = row.get("assignees") or [one for one in [row.get("assignee")] if one]
        item.assignee = (people[0]["login"] if isinstance(people[0], dict) else people[0]) if people else ""
        inside = row.get("comments") if isinstance(row.get("comments"), list) else []
        after = [one for one in rows if "title" not in one and one.get("issue_url", "").endswith(f"/{row['number']}")]
        item.comments = [one.get("body") or "" for one in [*inside, *after]]
        yield item


def jira(path: Path) -> Iterator[Item]:
    with path.open(newline="", encoding="utf-8-sig") as file:
        names, *rows = csv.reader(file)
    known = [dict(zip(names, row, strict=False)) for row in rows]
    keys = {row["Issue id"]: row.get("Issue key", "") for row in known if "Issue id" in row}
    given_up = ("won't do", "won't fix", "duplicate", "cannot reproduce", "declined", "cancelled", "incomplete")
    links = {
        ("Outward", "Blocks"): "blocks",
        ("Inward", "Blocks"): "blocked_by",
        ("Outward", "Duplicate"): "duplicates",
    }
    for row in rows:
        cells = [(name.strip(), cell) for name, cell in zip(names, row, strict=False) if cell.strip()]
        one: dict[str, str] = {}
        for name, cell in cells:
            one.setdefault(name, cell)
        if "Issue key" not in one:
            continue
        status = word("status", one.get("Status"), "backlog")
        if status == "done" and one.get("Resolution", "").lower() in given_up:
            status = "cancelled"
        item = Item(one["Issue key"], word("type", one.get("Issue Type"), "task"), status)
        item.priority, item.assignee = word("priority", one.get("Priority"), "medium"), one.get("Assignee", "")
        above = (
            one.get(name) for name in ("Custom field (Epic Link)", "Epic Link", "Parent key", "Parent", "Parent id")
        )
        parent = next((found for found in above if found), "")
        item.parent = keys.get(parent, parent)
        item.comments = [cell for name, cell in cells if name in ("Comment", "Comments")]
        item.criteria = boxes(one.get("Custom field (Acceptance Criteria)") or one.get("Acceptance Criteria") or "")
        for name, cell in cells:
            if match := re.fullmatch(r"(Outward|Inward) issue link \((.*)\)", name):
                item.links.append((links.get((match[1], match[2]), "relates_to"), cell.strip(), ""))
        yield item


def backlog(folder: Path) -> Iterator[Item]:
    files: list[tuple[str, dict[str, Any], str]] = []
    numbers: dict[str, str] = {}
    for path in sorted(folder.rglob("*.md")):
        place = next((part for part in path.relative_to(folder).parts if part in FOLDERS), "")
        match = re.match(r"---\s*\n(.*?)^---\s*$(.*)", path.read_text(), re.DOTALL | re.MULTILINE)
        if not place or not match:
            continue
        front = re.sub(r"^(\s*(?:\w+:|-)\s+)(@[\w.-]+)\s*$", r"\1'\2'", match[1], flags=re.MULTILINE)
        values = {name: value for name, value in (yaml.load(front, yaml.BaseLoader) or {}).items() if value}
        if values.get("id"):
            files.append((place, values, match[2]))
            if place in ("tasks", "completed", "archive"):
                numbers.setdefault(re.sub(r"^\D*", "", values["id"]), values["id"])

    def known(ref: str) -> str:
        same = next((values["id"] for _, values, _ in files if values["id"].lower() == ref.lower()), None)
        number = ref.lower().removeprefix("task-")
        return same or numbers.get(number, ref)

    milestones = {values["id"] for place, values, _ in files if place == "milestones"}
    for place, values, text in files:
        yield _backlog_item(place, values, text, known, milestones)


FOLDERS = ("tasks", "completed", "archive", "drafts", "milestones", "decisions", "docs")


def _backlog_item(
    place: str, values: dict[str, Any], text: str, known: Callable[[str], str], milestones: set[str]
) -> Item:
    ref = values["id"]
    if place in ("milestones", "docs", "decisions"):
        decided = {"proposed": "backlog", "rejected": "cancelled", "superseded": "cancelled"}
        status = {"milestones": "todo", "docs": "done"}.get(place) or decided.get(
            values.get("status", "").lower(), "done"
        )
        return Item(ref, "epic" if place == "milestones" else "chore", status, "medium")
    status = word("status", values.get("status"), "todo")
    if place == "archive" and status != "done":
        status = "cancelled"
    item = Item(ref, word("type", values.get("type"), "task"), "backlog" if place == "drafts" else status)
    item.priority, item.created = word("priority", values.get("priority"), "medium"), values.get("created_date", "")
    people = values.get("assignee") or []
    item.assignee = (
        (people.split(",") if isinstance(people, str) else people)[0].strip().removeprefix("@") if people else ""
    )
    parent = values.get("parent_task_id") or values.get("parent") or ""
    milestone = values.get("milestone", "")
    item.parent = known(parent) if parent else milestone if milestone in milestones else ""
    depends = values.get("dependencies") or []
    for one in depends.split(",") if isinstance(depends, str) else depends:
        item.links.append(("blocked_by", known(one.strip()), ""))
    section = re.search(r"^## +Acceptance Criteria *\n(.*?)(?=^## |\Z)", text, re.DOTALL | re.MULTILINE)
    item.criteria = boxes(re.sub(r"^<!--.*-->$", "", section[1], flags=re.MULTILINE)) if section else []
    notes = re.search(r"^<!-- COMMENTS:BEGIN -->\n(.*?)^<!-- COMMENTS:END -->", text, re.DOTALL | re.MULTILINE)
    if notes:
        item.comments = re.findall(r"^(?:author|created): [^\n]*\n---\n(.*?)^---$", notes[1], re.DOTALL | re.MULTILINE)
    return item


SOURCES: dict[str, Callable[[Path], Iterator[Item]]] = {
    one.__name__: one for one in (beads, backlog, taskmaster, taskwarrior, github, jira)
}


def counted(items: Iterable[Item]) -> Counts:
    """Return what an import of these issues should leave: three levels, no circles, a link a pair."""
    rows: dict[str, Item] = {}
    for item in items:
        ref, number = item.ref, 1
        while ref in rows:
            number += 1
            ref = f"{item.ref}-{number}"
        rows[ref] = item
    order = {ref: place for place, ref in enumerate(rows)}
    parents = {ref: one.parent for ref, one in rows.items() if one.parent in rows and one.parent != ref}
    types = {ref: one.type or "task" for ref, one in rows.items()}
    links: list[Link] = [
        (kind, ref, other, made or one.created)
        for ref, one in rows.items()
        for kind, other, made in one.links
        if other in rows and other != ref
    ]

    def age(ref: str) -> tuple[datetime, int]:
        return time(rows[ref].created), order[ref]

    while circle := next((found for ref in rows if (found := _circle(ref, parents))), None):
        youngest = max(circle, key=age)
        links.append(("relates_to", youngest, parents.pop(youngest), ""))
    _three_levels(rows, parents, types, links)
    counts = Counts()
    for kind, _, _ in _allowed(links, parents, order):
        counts.add(f"links, {kind}")
    for ref, one in rows.items():
        counts.add("items")
        counts.add(f"type {types[ref]}")
        counts.add(f"status {one.status}")
        counts.add(f"priority {one.priority}")
        counts.add("with a parent", ref in parents)
        counts.add("with an assignee", bool(one.assignee.strip()))
        counts.add("comments", sum(bool(text.strip()) for text in one.comments))
        criteria = dict(reversed(one.criteria))
        counts.add("criteria", len(criteria))
        counts.add("criteria, ticked", sum(criteria.values()))
    return counts


def time(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return datetime.min.replace(tzinfo=UTC)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _circle(ref: str, parents: dict[str, str]) -> list[str]:
    path = [ref]
    while (ref := parents.get(ref, "")) and ref not in path:
        path.append(ref)
    return path[path.index(ref) :] if ref else []


def _three_levels(rows: dict[str, Item], parents: dict[str, str], types: dict[str, str], links: list[Link]) -> None:
    children: dict[str, list[str]] = {}
    for ref, above in parents.items():
        children.setdefault(above, []).append(ref)

    def become(ref: str, level: int) -> None:
        if LEVELS.get(types[ref], 2) != level:
            types[ref] = ("epic", "story", "task")[level]

    def descend(ref: str, holder: str) -> None:
        is_story = types[holder] == "epic" and (ref in children or types[ref] in LEVELS)
        become(ref, 1 if is_story else 2)
        if parents[ref] != holder:
            links.append(("relates_to", ref, parents[ref], rows[ref].created))
            parents[ref] = holder
        for child in children.get(ref, ()):
            descend(child, ref if is_story else holder)

    for root in [ref for ref in rows if ref in children and ref not in parents]:
        if types[root] != "epic":
            is_deep = any(child in children or types[child] in LEVELS for child in children[root])
            become(root, 0 if is_deep else 1)
        for child in children[root]:
            descend(child, root)


def _allowed(links: list[Link], parents: dict[str, str], order: dict[str, int]) -> Iterator[tuple[str, str, str]]:
    def above(ref: str) -> list[str]:
        return [parents[ref], *above(parents[ref])] if ref in parents else []

    pairs: set[frozenset[str]] = set()
    kept: list[Link] = []
    for kind, near, far, made in links:
        is_blocker = kind in ("blocks", "blocked_by")
        pair = frozenset((near, far))
        if pair in pairs or (is_blocker and (far in above(near) or near in above(far))):
            continue
        pairs.add(pair)
        kept.append((kind, near, far, made))
    after: dict[str, set[str]] = {}
    for kind, near, far, _ in sorted(kept, key=lambda one: (time(one[3]), order[one[1]])):
        if kind not in ("blocks", "blocked_by"):
            yield kind, near, far
            continue
        first, second = (near, far) if kind == "blocks" else (far, near)
        if _reached(second, first, after):
            yield "relates_to", near, far
        else:
            after.setdefault(first, set()).add(second)
            yield "blocks", near, far


def _reached(start: str, end: str, after: dict[str, set[str]]) -> bool:
    seen, waiting = {start}, [start]
    while waiting:
        following = after.get(waiting.pop(), set()) - seen
        seen |= following
        waiting += following
    return end in seen


def on_board(query: Callable[[str], Iterable[Sequence[Any]]]) -> Counts:
    """Return what is on a board with one project; `query` runs an SQL statement."""
    counts = Counts()
    alive = "projects_workitem WHERE deleted_at IS NULL"
    for kind, status, priority, parent, assignee in query(
        f"SELECT item_type, status, priority, parent_id, assignee_id FROM {alive}"
    ):
        counts.add("items")
        counts.add(f"type {kind}")
        counts.add(f"status {status}")
        counts.add(f"priority {priority}")
        counts.add("with a parent", parent is not None)
        counts.add("with an assignee", assignee is not None)
    for kind, number in query(
        "SELECT dependency_type, count(*) FROM projects_dependency WHERE deleted_at IS NULL GROUP BY 1"
    ):
        counts.add(f"links, {kind}", number)
    ((comments,),) = query("SELECT count(*) FROM projects_comment WHERE deleted_at IS NULL")
    ((criteria, ticked),) = query("SELECT count(*), count(ticked_at) FROM projects_criterion WHERE deleted_at IS NULL")
    for name, number in (("comments", comments), ("criteria", criteria), ("criteria, ticked", ticked)):
        counts.add(name, number)
    return counts
