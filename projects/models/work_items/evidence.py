"""What an item lacks before it is handed in or done: the policies of its project, asked one after the other.

SOURCES is the table of who is asked. A source belongs to one policy of the project, and is a function that says, in
words, what there is and what is missing. To add evidence of another kind, write such a function and add its line to
the table: refusals, warnings, waivers and what is kept of a closed item follow. A function finds the rows of other
models with `apps.get_model`, because their modules import the work item's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from django.apps import apps

from projects.entities.project import CLOSING_POLICIES
from projects.entities.work_item import CLOSINGS
from projects.models.exceptions import ContentNeeded
from projects.models.work_items.choices import Status

if TYPE_CHECKING:
    from projects.models.user import User
    from projects.models.work_items.item import WorkItem

OFF, WARN = "off", "warn"
ACCEPTED, WAIVED, WARNED = CLOSINGS
MAX_KEPT = 100  # lines of evidence that a closed item keeps
LONGEST = 300  # characters of a line


class Evidence(NamedTuple):
    """One piece of evidence, in words: that there is, or is missing if it says how to `get` it.

    `get` is a command, or what a person has to do.
    """

    what: str
    get: str = ""


class Source(NamedTuple):
    """Where evidence of one kind comes from: asked if the project's `policy` is not off.

    `find` returns all pieces for an item, those that there are and those that are missing.
    """

    policy: str
    find: Callable[[WorkItem], list[Evidence]]


class Missing(NamedTuple):
    """A missing piece of evidence; the item can be closed without it if the policy only warns."""

    what: str
    get: str
    is_warning: bool = False

    def __str__(self) -> str:
        return f"{self.what} ({self.get})"


def _criteria(item: WorkItem) -> list[Evidence]:
    """Return a piece for each acceptance criterion: whether it is ticked, and by whom."""
    if item._state.adding:
        return []
    found = []
    for number, each in enumerate(apps.get_model("projects", "Criterion")._default_manager.of(item), 1):
        if each.ticked_by is None:
            found.append(Evidence(f"criterion {number} is not ticked: {each.text}", _tick(item, number)))
        else:
            found.append(Evidence(f"criterion {number} was ticked by {each.ticked_by.username}: {each.text}"))
    return found


def _tick(item: WorkItem, number: int) -> str:
    return f"pm tick {item.display_key} {number}"


def _run(item: WorkItem, name: str) -> str:
    if item._state.adding:
        return "create it open, and run pm check"
    return f"pm check {item.display_key} {name}"


def _checks(item: WorkItem) -> list[Evidence]:
    """Return a piece for each required check of the item. Raises ContentNeeded."""
    states = [one for one in apps.get_model("projects", "CheckRun").objects.states(item) if one.check.is_required]
    if states and item.worktree == "" and item.is_open:
        raise ContentNeeded(item.display_key)
    found = []
    for one in states:
        by = f", run by {one.run.created_by.username} on {one.run.tree[:10]}" if one.run and one.is_passed else ""
        get = "" if one.is_passed else _run(item, one.check.name)
        found.append(Evidence(f"check {one.check.name} {one.label}{by}", get))
    return found


# In the order in which people read what is missing.
SOURCES: tuple[Source, ...] = (Source("acceptance_policy", _criteria), Source("checks_policy", _checks))


def missing_evidence(item: WorkItem, status: str = Status.DONE, *, is_accepted: bool = False) -> list[Missing]:
    """Return what the item lacks before it may get this `status`, review or done; nothing for other statuses.

    Who closes the item lacks an acceptance unless it `is_accepted` by that.
    """
    if status not in (Status.REVIEW, Status.DONE):
        return []
    found = [
        Missing(piece.what, piece.get, getattr(item.project, policy) == WARN)
        for policy, piece in _asked(item)
        if piece.get
    ]
    if status == Status.DONE and needs_review(item) and not is_accepted:
        found.append(Missing("no person has accepted it", f"pm review {item.display_key} -m TEXT"))
    return found


def needs_review(item: WorkItem) -> bool:
    """Return True if a person has to accept the item before it is done."""
    return str(item.project.review_policy) != OFF


def record(item: WorkItem) -> str:
    """Return the policies of now, and the evidence that there is and that is missing, a line each; "" without policies.

    A closed item keeps it: what changes later, a policy or a result, does not alter on what grounds it was closed.
    """
    if all(getattr(item.project, policy) == OFF for policy in CLOSING_POLICIES):
        return ""
    policies = [f"{policy.removesuffix('_policy')} {getattr(item.project, policy)}" for policy in CLOSING_POLICIES]
    pieces = [f"{'missing' if piece.get else 'there'}: {piece.what}"[:LONGEST] for _, piece in _asked(item)]
    return "\n".join([f"policies: {', '.join(policies)}", *pieces[:MAX_KEPT]])


def accepts(actor: User, *, is_confirmed: bool = False) -> bool:
    """Return True if `actor` accepts the work of an item by setting it to done.

    A person does. What comes from a terminal is often a script or an agent, so there the person has to confirm it.
    """
    return actor.acts_as_person and (is_confirmed or not actor.source)


def closing_of(item: WorkItem, missing: Sequence[Missing], *, is_accepted: bool, is_waived: bool) -> str | None:
    """Return how the item, which may be in review, is set to done; None where nobody asked for anything."""
    if missing:
        return WAIVED if is_waived else WARNED
    return ACCEPTED if is_accepted and (needs_review(item) or item.status == Status.REVIEW) else None


def _asked(item: WorkItem) -> Iterator[tuple[str, Evidence]]:
    """Yield the pieces of evidence that the policies of the project ask for, each with its policy."""
    for source in SOURCES:
        if getattr(item.project, source.policy) != OFF:
            for piece in source.find(item):
                yield source.policy, piece
