"""Import the issues of another tracker: read them, plan, merge with what is here, write all or nothing."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import IO

from projects.models import Criterion, Dependency, Project, User
from projects.models.exceptions import Conflict
from projects.trackers import backlog_md, beads, generic, github, jira, plan, taskmaster, taskwarrior
from projects.trackers.files import Files
from projects.trackers.records import Adapter, Issue
from projects.trackers.report import Report, Unreadable
from projects.trackers.words import Words
from projects.transfer import importer, staging, tracker_merge
from projects.transfer.exceptions import Errors
from projects.transfer.tracker_merge import Difference
from projects.transfer.tracker_rows import Row, RowMaker
from projects.transfer.tracker_targets import NAMESPACE, People, item_id

MAX_ATTEMPTS = 5
MAX_CONFLICTS = 1_000  # listed one by one
READING, CHECKING, WRITING = "reading", "checking", "writing"
Progress = Callable[[str, int, int], None]  # the step, how much is done, of how much; 0 of 0 if that is unknown


@dataclass(frozen=True)
class Source:
    """A tracker: its name for people, and its adapter. `has_columns` if a map may name the columns.

    `passes` is how often the adapter reads the file line by line; 0 if it reads it as a whole.
    """

    name: str
    read: Adapter | Callable[..., Iterator[Issue]]
    has_columns: bool = False
    is_folder: bool = False
    passes: int = 1


SOURCES = {
    "beads": Source("beads", beads.read),
    "backlog": Source("Backlog.md", backlog_md.read, is_folder=True),
    "taskmaster": Source("Task Master", taskmaster.read, passes=0),
    "taskwarrior": Source("Taskwarrior", taskwarrior.read, passes=0),
    "github": Source("GitHub", github.read, passes=0),
    "jira": Source("Jira", jira.read, passes=2),
    "csv": Source("CSV", generic.read_csv, has_columns=True),
    "jsonl": Source("JSON lines", generic.read_lines, has_columns=True, passes=2),
}


@dataclass(frozen=True)
class Options:
    """What the user chose: `words` by field and `columns` by place (`--map`), `people` by their name there.

    Issues whose state there is older than the last imported one are left out, unless `overwrite_older`.
    """

    words: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    columns: Mapping[str, str] = field(default_factory=dict)
    people: Mapping[str, str] = field(default_factory=dict)
    overwrite_older: bool = False


def read(
    source: str,
    stream: IO[bytes],
    project: Project,
    *,
    actor: User,
    start: int = 0,
    options: Options | None = None,
    dry_run: bool = False,
    progress: Progress | None = None,
) -> dict[str, object]:
    """Import what follows `start` in `stream` into `project` as `actor`; return the report.

    A dry run returns the same report and writes nothing. Raises Unreadable if the files are not of this tracker, and
    BadFile if a rule of the board refuses rows.
    """
    tracker, options, report = SOURCES[source], options or Options(), Report()
    reading = _Reading(progress)
    files = Files(stream, start=start, is_folder=tracker.is_folder, advance=reading.advance)
    reading.begin(files.size * tracker.passes)
    if options.columns and not tracker.has_columns:
        raise Unreadable(f"the map has columns, which {tracker.name} does not need; allowed: words and people")
    made = plan.make(_issues(tracker, files, options, report), report)
    try:
        if not made.ledger.count:
            raise Unreadable(f"no issues of {tracker.name} were found")
        for _ in range(MAX_ATTEMPTS):
            project.refresh_from_db()
            project.check_writable()
            problems = len(report.problems)
            people = People(options.people, report)
            maker = RowMaker(
                *(source, tracker.name, project, made, people, actor, report), overwrite_older=options.overwrite_older
            )
            merge = _Merge(maker)
            last = CHECKING if dry_run else WRITING
            rows = _counted(_with_removals(maker.rows(), maker), progress, made.ledger.count, last)
            try:
                counts = importer.write(rows, Errors(), actor=actor, dry_run=dry_run, staged_rows=merge.run)
            except _Outdated:
                del report.problems[problems:]
                continue
            return _answer(maker, merge, counts, dry_run=dry_run)
        raise Conflict("other commands created items all the time; import when the board is quieter")
    finally:
        made.ledger.close()


def tracker_of(item: uuid.UUID, project: uuid.UUID, reference: str) -> str:
    """Return the name of the tracker from which an item was imported, "" if it was not: its ID follows from that."""
    return next((known.name for source, known in SOURCES.items() if item_id(project, source, reference) == item), "")


class _Outdated(Exception):
    """Items were created while the rows were prepared, so their keys may be taken."""


def _issues(tracker: Source, files: Files, options: Options, report: Report) -> Iterator[Issue]:
    words = Words(report, options.words)
    more = (options.columns,) if tracker.has_columns else ()
    for issue in tracker.read(files, words, report, *more):
        issue.guessed = words.take_unknown()
        yield issue


class _Reading:
    """Counts the bytes that an adapter reads."""

    def __init__(self, progress: Progress | None) -> None:
        self.progress = progress or (lambda step, done, total: None)
        self.done = self.total = 0

    def begin(self, total: int) -> None:
        self.total = total
        self.progress(READING, 0, total)

    def advance(self, size: int) -> None:
        self.done = min(self.done + size, self.total)  # the header of a table is read twice
        self.progress(READING, self.done, self.total)


def _counted(rows: Iterator[Row], progress: Progress | None, total: int, last: str) -> Iterator[Row]:
    """Yield the rows; `last` is the step after them."""
    done = 0
    for row in rows:
        if progress is not None and row[0] == "work_items":
            done += 1
            progress(CHECKING, done, total)
        yield row
    if progress is not None:
        progress(last, 0, 0)


def _with_removals(rows: Iterator[Row], maker: RowMaker) -> Iterator[Row]:
    """Yield the rows, then the deletion of what an earlier import brought and the tracker has no longer."""
    yield from rows
    gone = [("dependency", pk) for pk in _links_gone(maker)]
    if maker.actor.acts_as_person:
        gone += [("criterion", pk) for pk in _criteria_gone(maker)]
    for index, (kind, pk) in enumerate(gone):
        yield "deleted", index, {"type": kind, "id": str(pk), "deleted_at": maker.now.isoformat()}


def _links_gone(maker: RowMaker) -> Iterator[uuid.UUID]:
    links = Dependency.objects.living().in_project(maker.project.pk)
    ends = links.values_list("pk", "blocking_item_id", "blocked_item_id", "dependency_type")
    for pk, first, second, kind in ends.iterator() if maker.board.has_items else ():
        is_imported = pk == uuid.uuid5(NAMESPACE, f"{first}:{kind}:{second}")
        if is_imported and not maker.ledger.has_noted(pk.bytes) and maker.is_known(first) and maker.is_known(second):
            yield pk


def _criteria_gone(maker: RowMaker) -> Iterator[uuid.UUID]:
    """Yield the criteria that nobody changed here."""
    criteria = Criterion.objects.living().filter(work_item__project=maker.project, version=1)
    found = criteria.values_list("pk", "work_item_id", "text")
    for pk, item, text in found.iterator() if maker.board.has_items else ():
        is_imported = pk == uuid.uuid5(item, f"criterion:{text}")
        if is_imported and not maker.ledger.has_noted(pk.bytes) and maker.is_known(item):
            yield pk


class _Merge:
    """Merges the staged rows with the board's, and collects the conflicts."""

    def __init__(self, maker: RowMaker) -> None:
        self.maker = maker
        self.conflicts: list[Difference] = []
        self.further = 0
        self.unchanged: Counter[str] = Counter()

    def run(self) -> None:
        """Merge. Raises _Outdated if the rows must be made again."""
        if not self.maker.board.check_numbers():
            raise _Outdated
        staging.remember_changes()
        tracker_merge.merge(
            self.maker.actor.pk.hex, self._collect, self.unchanged, self.maker.report.absent, self.maker.guessed
        )

    def _collect(self, difference: Difference) -> None:
        if len(self.conflicts) < MAX_CONFLICTS:
            self.conflicts.append(difference)
        else:
            self.further += 1


def _answer(maker: RowMaker, merge: _Merge, counts: dict[str, object], *, dry_run: bool) -> dict[str, object]:
    report = maker.report
    ticked = report.counts["ticked criteria"]
    if ticked and not maker.actor.acts_as_person:
        report.problem("", "", f"{ticked} ticks are left out: only a person imports them")
    answer = {
        "source": maker.source,
        "project": maker.project.key,
        **report.answer(),
        "written": _written(counts, merge),
    }
    if merge.conflicts:
        answer["conflicts"] = [one._asdict() for one in merge.conflicts]
    return {
        **answer,
        **({"further_conflicts": merge.further} if merge.further else {}),
        **({"older": maker.older} if maker.older else {}),
        **({"further_older": maker.further_older} if maker.further_older else {}),
        **({"deleted_here": maker.deleted_here} if maker.deleted_here else {}),
        **({"not_in_the_file": gone} if (gone := maker.gone()) else {}),
        **({"renumbered": counts["renumbered"]} if counts["renumbered"] else {}),
        **({"skipped_rows": counts["skipped_rows"]} if counts["skipped_rows"] else {}),
        **({"dry_run": True} if dry_run else {}),
    }


def _written(counts: dict[str, object], merge: _Merge) -> dict[str, dict[str, int]]:
    """Return the rows by collection: created, updated, deleted, and unchanged; without zeros."""
    found = {}
    for name, count in counts.items():
        if isinstance(count, dict):
            row = {**count, "unchanged": count["skipped"] + merge.unchanged[name]}
            row.pop("skipped")
            if name != "users" or row["created"]:
                found[name] = {what: number for what, number in row.items() if number}
    return {name: row for name, row in found.items() if row}
