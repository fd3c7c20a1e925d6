"""Random scripts over clones of one board: what people and agents do, offline, with wrong clocks, pushes in any order.

After a script, all clones must agree, and every change must be in the state or visible as superseded or void.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from projects.models import (
    Activity,
    Check,
    CheckRun,
    Comment,
    Criterion,
    Dependency,
    Project,
    Question,
    Review,
    Sprint,
    SwimLane,
    TimeEntry,
    User,
    Waiver,
    WorkItem,
)
from projects.models.check_run import OpenedRun, Report
from projects.models.exceptions import Refused
from projects.models.review import accept, send_back
from projects.models.sync import former_item
from tests.projects.sync.clones import BoardClone, Log, Raced, exported, history

ACTORS = ("ada", "bob", "carol", "llm", "Dora")
LABELS = ("api", "API", "bug", "later", "ux", "Ünïcode")
DAY = date(2026, 3, 1)


@contextmanager
def clock(offset: timedelta) -> Iterator[None]:
    """Shift the clock that the models read."""
    right = timezone.now

    def shifted() -> Any:
        return right() + offset

    timezone.now = shifted
    try:
        yield
    finally:
        timezone.now = right


class Script:
    """One random script; `run` plays it, `check` compares the clones."""

    def __init__(self, seed: int, clones: list[BoardClone], log: Log) -> None:
        self.random = random.Random(seed)
        self.clones, self.log = clones, log
        self.done: Counter[str] = Counter()
        # What was acknowledged: (group, entity) -> actor.
        self.ledger: dict[tuple[str, str], str] = {}
        self.seen = dict.fromkeys(range(len(clones)), 0)
        self.standings: Counter[str] = Counter()
        self.syncs = self.races = 0

    def run(self, steps: int) -> None:
        with self.clones[0] as first:
            project = Project.objects.create(actor=first.user, key="PONE", title="One")
            for number in range(4):
                WorkItem.objects.create(actor=first.user, project=project, item_type="task", title=f"Item {number}")
            first.join(founds=True)
            first.sync(self.log)
            self._note(0)
        for number, clone in enumerate(self.clones[1:], 1):
            with clone:
                clone.join()
                clone.sync(self.log)
                self._note(number)
        offsets = [timedelta(days=self.random.choice((0, 0, -900, 1500))) for _ in self.clones]
        while steps > 0:
            number = self.random.randrange(len(self.clones))
            with self.clones[number] as clone, clock(offsets[number]):
                for _ in range(min(steps, self.random.randint(1, 8))):
                    self._act()
                    steps -= 1
                self._note(number)
                if self.random.random() < 0.4:
                    self._sync(clone)
                elif self.random.random() < 0.2:
                    clone.fetch(self.log)

    def check(self) -> None:
        for clone in (*self.clones, *self.clones, *self.clones):
            with clone:
                self._sync(clone)
        boards, histories = [], []
        for clone in self.clones:
            with clone:
                clone.fetch(self.log)
                unpublished = Activity.objects.filter(position=None)
                assert not [row for row in unpublished if row.extra is not None or row.changes != []]
                boards.append(exported())
                histories.append(history())
        for board, happened in zip(boards, histories, strict=True):
            for name in board:
                assert board[name] == boards[0][name], name
            for row, first in zip(happened, histories[0], strict=True):
                assert row == first, (row, first)
        with self.clones[0]:
            self._check_authors()
            self._check_state()

    def _sync(self, clone: BoardClone) -> None:
        self.syncs += 1
        while True:
            try:
                clone.sync(self.log)
                return
            except Raced:
                self.races += 1

    def _note(self, number: int) -> None:
        """Remember what this clone has acknowledged since the last time."""
        rows = Activity.objects.filter(pk__gt=self.seen[number], position=None, extra__isnull=False)
        for row in rows.select_related("actor"):
            self.ledger[row.group_id.hex, str(row.entity_id)] = row.actor.username
        self.seen[number] = Activity.objects.order_by("-pk").values_list("pk", flat=True).first() or 0

    def _check_authors(self) -> None:
        """Each acknowledged change is in the history, once, under its author's name."""
        found = Activity.objects.exclude(position=None).exclude(group_id=None).select_related("actor")
        histories: dict[tuple[str, str], set[str]] = {}
        for row in found:
            self.standings[row.standing] += 1
            histories.setdefault((row.group_id.hex, str(row.entity_id)), set()).add(row.actor.username)
        first = {name.casefold(): name for name in reversed(ACTORS)}
        for key, actor in self._renamed_ledger().items():
            if key in histories:
                assert {name.casefold() for name in histories[key]} == {first[actor.casefold()].casefold()}
        missing = [key for key in self._renamed_ledger() if key not in histories]
        # What the first clone did before it joined is in the history without a group of its own.
        assert len(missing) <= 20, missing

    def _renamed_ledger(self) -> dict[tuple[str, str], str]:
        """Return the ledger with the items that others were united with."""
        return {(group, str(former_item(pk) or pk)): actor for (group, pk), actor in self.ledger.items()}

    def _withdrawn(self) -> list[str]:
        """Return "withdrawn" if the status of an item withdrew its review; the history of the item says so."""
        return ["withdrawn"] if Activity.objects.filter(reason__contains=" is withdrawn: ").exists() else []

    def _check_state(self) -> None:
        """Each field has the value of the last change that counts."""
        last: dict[tuple[str, str], Any] = {}
        for row in Activity.objects.exclude(position=None).filter(standing="").order_by("position", "id"):
            for change in row.changes:
                last[str(row.entity_id), change["field"]] = change["new"]
        for model, fields in (
            (WorkItem, ("title", "description", "priority", "story_points")),
            (Comment, ("content",)),
            (Question, ("answer", "status")),
            (Review, ("content", "verdict", "answer")),
            (Waiver, ("reason",)),
            (Criterion, ("text",)),
            (Check, ("command",)),
            (CheckRun, ("outcome",)),
        ):
            for entity in model._base_manager.all():
                for name in fields:
                    wanted = last.get((str(entity.pk), name))
                    candidates = self._values(entity, name)
                    if name == "verdict":
                        candidates |= {*self._withdrawn()}
                    assert getattr(entity, name) in candidates, (entity, name, wanted)
        waiting = Review._base_manager.filter(verdict="waiting", deleted_at=None)
        assert not waiting.exclude(work_item__status="review").exists()

    def _values(self, entity: Any, name: str) -> set[Any]:
        rows = Activity.objects.filter(entity_id=entity.pk).exclude(standing="void")
        return {change["new"] for row in rows for change in row.changes if change["field"] == name}

    # What people and agents do.

    def _act(self) -> None:
        name = self.random.choice(tuple(ACTIONS))
        actor = User.objects.actor(self.random.choice(ACTORS), is_agent=False)
        try:
            with transaction.atomic():
                ACTIONS[name](self, actor)
            self.done[name] += 1
        except (Refused, ValidationError, IndexError):
            self.done["refused"] += 1

    def _one(self, queryset: Any) -> Any:
        rows = list(queryset.order_by("pk"))
        return self.random.choice(rows)

    def _item(self) -> WorkItem:
        item: WorkItem = self._one(WorkItem.objects.living().select_related("project"))
        return item


def _create(script: Script, actor: User) -> None:
    project = script._one(Project.objects.living())
    kind = script.random.choice(("task", "task", "story", "epic"))
    WorkItem.objects.create(actor=actor, project=project, item_type=kind, title=f"New {script.random.random()}")


def _import(script: Script, actor: User) -> None:
    """Create an item as an import from another tool does; other clones may import the same."""
    project = script._one(Project.objects.living())
    number = script.random.randint(1, 8)
    values = {"item_type": script.random.choice(("task", "bug")), "title": f"Imported {script.random.random()}"}
    more: dict[str, Callable[[], Any]] = {
        "description": lambda: f"Text {script.random.random()}",
        "due_date": lambda: DAY,
        "labels": lambda: [script.random.choice(LABELS)],
        "assignee_id": lambda: actor.pk,
        "parent_id": lambda: script._one(WorkItem.objects.living().filter(project=project, item_type="epic")).pk,
    }
    for name in script.random.sample(tuple(more), 2):
        values[name] = more[name]()
    WorkItem.objects.create(actor=actor, project=project, external_ref=f"ext-{number}", **values)


def _edit(script: Script, actor: User) -> None:
    item = script._item()
    fields: dict[str, Callable[[], Any]] = {
        "title": lambda: f"Title {script.random.random()}",
        "description": lambda: f"Text {script.random.random()}\nline",
        "priority": lambda: script.random.choice(("low", "medium", "high", "critical")),
        "story_points": lambda: script.random.choice((None, 1, 2, 3)),
        "assignee_id": lambda: script.random.choice((None, actor.pk)),
    }
    names = script.random.sample(tuple(fields), script.random.randint(1, 3))
    item.update(actor=actor, **{name: fields[name]() for name in names})


def _labels(script: Script, actor: User) -> None:
    item = script._item()
    labels = [label for label in item.labels if script.random.random() < 0.7]
    item.update(actor=actor, labels=[*labels, script.random.choice(LABELS)])


def _status(script: Script, actor: User) -> None:
    status = script.random.choice(("backlog", "todo", "in_progress", "review", "done", "blocked"))
    script._item().update(actor=actor, status=status)


def _claim(script: Script, actor: User) -> None:
    script._item().claim(actor=actor)


def _release(script: Script, actor: User) -> None:
    script._one(WorkItem.objects.living().filter(claimed_by__isnull=False).select_related("project")).release(
        actor=actor, force=True
    )


def _parent(script: Script, actor: User) -> None:
    parents = WorkItem.objects.living().filter(item_type__in=("epic", "story"))
    script._item().update(actor=actor, parent_id=script._one(parents).pk)


def _move(script: Script, actor: User) -> None:
    item, other = script._item(), script._item()
    item.move(actor=actor, **{script.random.choice(("before", "after")): other})


def _delete(script: Script, actor: User) -> None:
    script._item().soft_delete(actor=actor, recursive=script.random.random() < 0.5)


def _restore(script: Script, actor: User) -> None:
    script._one(WorkItem.objects.deleted().select_related("project", "parent")).restore(actor=actor)


def _comment(script: Script, actor: User) -> None:
    Comment.objects.create(actor=actor, work_item=script._item(), content=f"Comment {script.random.random()}")


def _edit_comment(script: Script, actor: User) -> None:
    comment = script._one(Comment.objects.living().filter(created_by=actor).select_related("work_item__project"))
    if script.random.random() < 0.3:
        comment.soft_delete(actor=actor)
    else:
        comment.update(actor=actor, content=f"Edited {script.random.random()}")


def _ask(script: Script, actor: User) -> None:
    default = {"default": "no", "default_at": timezone.now() + timedelta(hours=1)}
    more = default if script.random.random() < 0.5 else {}
    Question.objects.create(actor=actor, work_item=script._item(), text=f"Question {script.random.random()}", **more)


def _answer(script: Script, actor: User) -> None:
    question = script._one(Question.objects.living().select_related("work_item__project"))
    match script.random.randint(0, 5):
        case 0:
            question.soft_delete(actor=actor)
        case 1:
            question.withdraw(actor=actor)
        case 2:
            with clock(timedelta(hours=2)):
                Question.objects.take_defaults()
        case _:
            question.answer_with(actor=actor, text=f"Answer {script.random.random()}")


def _hand_in(script: Script, actor: User) -> None:
    Review.objects.hand_in(script._item(), actor=actor, text=f"Work {script.random.random()}")


def _decide(script: Script, actor: User) -> None:
    review = script._one(Review.objects.waiting().select_related("work_item__project"))
    match script.random.randint(0, 4):
        case 0:
            review.soft_delete(actor=actor)
        case 1 | 2:
            send_back(review.work_item, actor=actor, text=f"Not yet {script.random.random()}")
        case _:
            accept(review.work_item, actor=actor, force=True)


def _waive(script: Script, actor: User) -> None:
    Waiver(work_item=script._item(), reason=f"Reason {script.random.random()}").insert(actor=actor)


def _policy(script: Script, actor: User) -> None:
    project = script._one(Project.objects.living())
    name = script.random.choice(("review_policy", "acceptance_policy"))
    project.update(actor=actor, **{name: script.random.choice(("off", "required"))})


def _criterion(script: Script, actor: User) -> None:
    if script.random.random() < 0.4:
        Criterion.objects.create(actor=actor, work_item=script._item(), text=f"Criterion {script.random.random()}")
        return
    criterion = script._one(Criterion.objects.living().select_related("work_item__project"))
    match script.random.randint(0, 5):
        case 0:
            criterion.soft_delete(actor=actor)
        case 1:
            criterion.update(actor=actor, text=f"Changed {script.random.random()}")
        case 2:
            criterion.untick(actor=actor)
        case _:
            criterion.tick(actor=actor)


def _check(script: Script, actor: User) -> None:
    if script.random.random() < 0.4:
        project, name = script._one(Project.objects.living()), f"check {script.random.randint(1, 4)}"
        Check.objects.create(actor=actor, project=project, name=name, command="true", item_types="task,bug,story,epic")
        return
    check = script._one(Check.objects.living().select_related("project"))
    match script.random.randint(0, 5):
        case 0:
            check.soft_delete(actor=actor)
        case 1:
            check.update(actor=actor, command=f"echo {script.random.random()}")
        case _:
            item = script._one(WorkItem.objects.living().filter(project=check.project).select_related("project"))
            check.approve(actor=actor, digest=check.digest)
            run = OpenedRun.open(check, item, digest=check.digest, actor=actor)
            tree = f"{script.random.randint(0, 2):040x}"
            run.finish(Report(script.random.choice((0, 0, 1, None)), 1, tree, tree, output="said"), actor=actor)


def _link(script: Script, actor: User) -> None:
    kind = script.random.choice(("blocks", "relates_to"))
    Dependency.objects.create(
        actor=actor, blocking_item=script._item(), blocked_item=script._item(), dependency_type=kind
    )


def _unlink(script: Script, actor: User) -> None:
    script._one(Dependency.objects.living().select_related("blocking_item__project")).soft_delete(actor=actor)


def _plan_sprint(script: Script, actor: User) -> None:
    start = DAY + timedelta(days=script.random.randint(0, 90))
    project = script._one(Project.objects.living())
    name = f"Sprint {script.random.randint(1, 99)}"
    Sprint.objects.create(
        actor=actor, project=project, name=name, start_date=start, end_date=start + timedelta(days=14)
    )


def _into_sprint(script: Script, actor: User) -> None:
    script._item().update(actor=actor, sprint_id=script._one(Sprint.objects.living()).pk)


def _run_sprint(script: Script, actor: User) -> None:
    sprint = script._one(Sprint.objects.living().select_related("project"))
    verb = script.random.choice(("start", "complete", "cancel", "reopen", "delete"))
    sprint.soft_delete(actor=actor) if verb == "delete" else getattr(sprint, verb)(actor=actor)


def _lane(script: Script, actor: User) -> None:
    if script.random.random() < 0.4:
        project = script._one(Project.objects.living())
        SwimLane.objects.create(actor=actor, project=project, name="Waiting", status_value="blocked", position=9)
    else:
        lane = script._one(SwimLane.objects.living().select_related("project"))
        if script.random.random() < 0.2:
            lane.soft_delete(actor=actor)
        else:
            lane.update(actor=actor, name=f"Lane {script.random.random()}", wip_limit=script.random.randint(1, 9))


def _timer(script: Script, actor: User) -> None:
    running = TimeEntry.objects.living().running().filter(user=actor).select_related("work_item__project").first()
    if running is not None:
        running.mark_stopped(actor=actor)
    else:
        TimeEntry.objects.create(actor=actor, work_item=script._item(), user=actor, started_at=timezone.now())


def _project(script: Script, actor: User) -> None:
    project = script._one(Project.objects.living())
    match script.random.randint(0, 5):
        case 0:
            key = script.random.choice(("TWO", "THREE", "FOUR"))
            Project.objects.create(actor=actor, key=key, title=key.title())
        case 1:
            project.archive(actor=actor)
        case 2 | 3:
            project.activate(actor=actor)
        case _:
            project.update(actor=actor, title=f"Title {script.random.random()}")


ACTIONS: dict[str, Callable[[Script, User], None]] = {
    function.__name__.strip("_"): function
    for function in (
        *(_create, _import, _edit, _labels, _status, _claim, _release, _parent, _move, _delete, _restore, _comment),
        *(_edit_comment, _link, _unlink, _plan_sprint, _into_sprint, _run_sprint, _lane, _timer, _project),
        *(_ask, _answer, _hand_in, _decide, _waive, _policy, _criterion, _check),
    )
}


def run(seed: int, clones: list[BoardClone], log: Log, steps: int) -> Script:
    """Play a script and check it."""
    script = Script(seed, clones, log)
    script.run(steps)
    script.check()
    return script
