"""Short answers as plain lines, for `--lines` and PM_OUTPUT=lines: less than half of the bytes of JSON.

An item is a line: its key, its status, then its type and priority unless they are `task` and `medium`, its title,
`@assignee`, `3p` points. Text of the board is cleaned of control characters; only descriptions and comments keep their
line ends, indented.
"""

from __future__ import annotations

from projects.client.terminal import clean

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from projects.client.api import Json

MAX_TITLE = 60  # characters in a list
UNREAD = "not complete: the repository is being read; ask again"
MARKED = ("waived", "warned")  # how an item was closed without all its evidence
FACTS = {"claimed_by": "claimed by", "lease_expires_at": "until", "external_ref": "ref"}
LINKED = {
    "children": "children",
    "blocked_by": "blocked by",
    "blocking": "blocks",
    "relates_to": "relates to",
    "discovered_from": "discovered from",
    "discoveries": "led to",
    "duplicates": "duplicates",
    "duplicated_by": "duplicated by",
}


def draw(document: Json) -> str:
    """Return the lines of a document. Raises KeyError if it has no such form."""
    forms: dict[str, Callable[[Json], Iterable[str]]] = {
        "work_items": _rows,
        "inbox": _inbox,
        "news": _news,
        "log": _log,
        "sessions": _sessions,
        "tree": _tree,
        "results": _hits,
        "commits": _commits,
    }
    if "forecast" in document or "insights" in document:
        from projects.client.insight_lines import lines_of

        return "\n".join(lines_of(document))
    if "open_with_commits" in document:
        return "\n".join(_orphans(document))
    for name, form in forms.items():
        if name in document:
            rows = document[name]
            lines = [*form(rows)] if rows else [f"no {name.replace('_', ' ')}"]
            return "\n".join((*_notes(document), *lines, *_rest(document)))
    return "\n".join(_item(document))


def _rest(document: Json) -> Iterable[str]:
    """Yield a line that says how to get the rest."""
    if document.get("next"):
        yield f"more: --cursor {document['next']}"
    if document.get("before"):
        yield f"more: --before {document['before']}"
    if document.get("more"):
        yield f"{document['more']} more"
    if document.get("total", 0) > len(document.get("commits", ())) > 0:
        yield f"{document['total'] - len(document['commits'])} more: --limit {min(100, document['total'])}"
    if document.get("is_complete") is False:
        yield UNREAD


def _row(row: Json) -> str:
    parts = [row["key"], row["status"], *_kind(row), _flat(row["title"], MAX_TITLE)]
    if row.get("criteria"):
        parts.append(f"[{_flat(row['criteria'])}]")
    if row.get("assignee"):
        parts.append(f"@{_flat(row['assignee'])}")
    if row.get("points") is not None:
        parts.append(f"{row['points']}p")
    if row.get("closing") in MARKED:
        parts.append(f"[{row['closing']}]")
    return " ".join(parts)


def _kind(row: Json) -> Iterable[str]:
    if row.get("type", "task") != "task":
        yield row["type"]
    if row.get("priority", "medium") != "medium":
        yield row["priority"]


def _rows(rows: Iterable[Json]) -> Iterable[str]:
    return map(_row, rows)


def _item(item: Json) -> Iterable[str]:
    parts = [item["key"], item["status"], item["type"], item["priority"], f"v{item['version']}"]
    yield f"{' '.join(parts)}: {_flat(item['title'])}"
    yield from _notes(item)
    facts = []
    for name in ("assignee", "claimed_by", "lease_expires_at", "points", "due", "sprint", "external_ref"):
        if item.get(name) is not None and not (name == "assignee" and item.get("claimed_by") == item[name]):
            facts.append(f"{FACTS.get(name, name)} {_flat(str(item[name]))}")
    if item.get("labels"):
        facts.append(f"labels {_flat(', '.join(item['labels']))}")
    if item.get("closing"):
        facts.append(str(item["closing"]))
    for name, words in (("sent_back", "sent back by"), ("handed_in", "handed in by")):
        if name in item:
            yield from _text(item[name].get("text", ""), f"{words} {_flat(item[name]['by'])}: ")
    if facts:
        yield ", ".join(facts)
    if item.get("above"):
        yield f"in: {' / '.join(map(_flat, item['above']))}"
    for number, criterion in enumerate(item.get("criteria", ()), 1):
        yield f"{number}. {_flat(criterion)}"
    if item.get("checks"):
        yield f"checks: {'; '.join(map(_flat, item['checks']))}"
    for question in item.get("questions", ()):
        yield _question(question)
    for name, words in LINKED.items():
        if item.get(name):
            yield f"{words}: {'; '.join(_flat(other, MAX_TITLE) for other in item[name])}"
    for name in ("close_reason", "description"):
        if item.get(name):
            yield from _text(item[name], "closed: " if name == "close_reason" else "")
    if item.get("earlier_comments"):
        yield f"{item['earlier_comments']} earlier comments"
    for comment in item.get("comments", ()):
        kind = f" {comment['kind']}" if "kind" in comment else ""
        yield from _text(comment["text"], f"{_flat(comment['by'])}{kind} {comment['at'][5:16]}: ")


def _notes(document: Json) -> Iterable[str]:
    """Yield what waits for the reader."""
    for note in document.get("notes", ()):
        about = f" on {note['key']}" if "key" in note else ""
        yield from _text(note["text"], f"note by {_flat(note['by'])}{about}: ")


def _question(row: Json) -> str:
    """Return a question with its answer, or with its choices."""
    asked = f"{row['question']} {_flat(row['text'])}"
    if "answer" in row:
        by = _flat(row["by"]) if "by" in row else "default taken"
        return f"{asked} {by}: {_flat(row['answer'])}"
    return f"{asked} open{': ' if row.get('choices') else ''}{_flat(' / '.join(row.get('choices', ())))}"


def _text(text: str, before: str) -> Iterable[str]:
    first, *others = text.rstrip().split("\n")
    yield before + _flat(first)
    for line in others:
        yield f"  {clean(line).rstrip()}"


def _news(rows: Iterable[Json]) -> Iterable[str]:
    for row in rows:
        yield f"{_flat(row['key'])} {_flat(row['by'])}: {_flat(row['did'])}"


def _inbox(rows: Iterable[Json]) -> Iterable[str]:
    for row in rows:
        by = f" @{_flat(row['by'])}" if row.get("by") else ""
        title = f" {_flat(row['title'], MAX_TITLE)}:" if row.get("title") else ""
        yield f"{row['since'][:16]} {row['kind']} {_flat(row['key'])}{by}{title} {_flat(row['text'])}"


def _log(rows: Iterable[Json]) -> Iterable[str]:
    for row in rows:
        standing = f" ({_flat(row['standing'])})" if "standing" in row else ""
        yield f"{row['at'][:16]} {_flat(row['by'])}: {_flat(row['did'])}{standing}"


def _sessions(rows: Iterable[Json]) -> Iterable[str]:
    for row in rows:
        held = ", ".join(item["key"] for item in row.get("items", ()))
        place = " ".join(_flat(row[name]) for name in ("worktree", "branch") if row.get(name))
        who = "/".join(_flat(row[name]) for name in ("actor", "name") if row.get(name))
        yield f"{who} {row['started_at'][11:16]}-{row['last_seen_at'][11:16]} {held or '-'} {place}".rstrip()


def _tree(nodes: Iterable[Json], depth: int = 0) -> Iterable[str]:
    for node in nodes:
        blocked = " blocked" if node.get("blocked") else ""
        yield f"{'  ' * depth}{_row(node)}{blocked}"
        yield from _tree(node.get("children", ()), depth + 1)


def _hits(rows: Iterable[Json]) -> Iterable[str]:
    for row in rows:
        yield f"{row['display_key']} {row['status']} {_flat(row['title'], MAX_TITLE)}: {_flat(row['snippet'], 80)}"


def _commits(rows: Iterable[Json]) -> Iterable[str]:
    for row in rows:
        counts = f" {row['files']}f" if row.get("files") else ""
        counts += "".join(
            f" {sign}{row[name]}" for sign, name in (("+", "insertions"), ("-", "deletions")) if row.get(name)
        )
        who = f"{row['sha'][:10]} {row['committed_at'][:10]} {_flat(row['author'], 20)}"
        mark = f" [reported by {_flat(row['reported_by'], MAX_TITLE)}]" if row.get("reported_by") else ""
        yield f"{who}{counts}: {_flat(row['subject'], MAX_TITLE)}{mark}"


def _orphans(document: Json) -> Iterable[str]:
    """Yield a line for each finding, what it is first."""
    found = [f"open, has commits: {_orphan(row)}" for row in document["open_with_commits"]]
    found += [f"done, no commit: {_orphan(row)}" for row in document["done_without_commits"]]
    found += [f"done, no passed check: {_orphan(row)}" for row in document["done_without_checks"]]
    for row in document["unassigned"]:
        items = " or ".join(row["items"]) or "no item"
        mark = f" [reported by {_flat(row['reported_by'], MAX_TITLE)}]" if row.get("reported_by") else ""
        subject = _flat(row["subject"], MAX_TITLE)
        found.append(f"unassigned: {row['sha'][:10]} {row['key']} is {items}: {subject}{mark}")
    yield from found or ["no orphans"]
    if not document["is_complete"]:
        yield UNREAD


def _orphan(row: Json) -> str:
    return f"{row['key']} {row['status']} {_flat(row['title'], MAX_TITLE)}"


def _flat(text: str, most: int = 0) -> str:
    """Return a text on one line, cut to `most` characters."""
    flat = " ".join(clean(text).split())
    return f"{flat[: most - 1]}…" if most and len(flat) > most else flat
