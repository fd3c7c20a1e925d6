"""The inbox lists every state in which something waits for a person, and lets people settle it."""

from __future__ import annotations

import ast
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from projects.entities.work_item import CLOSED
from projects.models import (
    Activity,
    Check,
    CheckApproval,
    CheckRun,
    Comment,
    LostChange,
    OpenedRun,
    Project,
    Question,
    Review,
    User,
    WorkItem,
)
from projects.models.activity import Standing
from projects.models.check_run import Report
from projects.models.comment import Kind
from projects.models.exceptions import Conflict, NotYours
from projects.models.inbox import listing
from projects.models.inbox.items import Unheld
from projects.models.inbox.listing import SOURCES, count, page, settle
from projects.models.inbox.source import Entry
from projects.models.work_items.choices import MAX_IDLE_LEASES, Status
from tests.processes import CHECKOUT
from tests.projects.insights.boards import load, row

pytestmark = pytest.mark.django_db
Make = Callable[..., WorkItem]

# Acts of people for which nothing waits: what they are, and why.
UNPROMPTED = {
    "change an answer": "undoes an answer",
    "define a check": "a person decides when",
    "change a check": "a person decides when",
    "restore a check": "a person decides when",
    "change or delete a review": "undoes a decision",
    "change or delete a waiver": "undoes a decision",
    "change the policies of a project": "a setting",
    "set the policies of a project": "a setting",
    "settle what is in the inbox": "every act on an entry",
    "approve a sign-in": "a page of the team server asks",
    "share the board": "a setting",
    "move a board": "a command asks",
    "choose the members of a project": "a setting",
    "choose the role of new users": "a setting",
    "change a column": "a setting",
    "add a column": "a setting",
    "change a project here": "a setting",
    "delete a project here": "a setting",
    "restore a project here": "a setting",
    "change labels here": "a setting",
    "say who has left": "a setting",
    "restore a backup": "a setting",
    "share a board": "a setting",
    "change how a board is shared": "a setting",
    "unite this board with a published one": "a setting",
    "change the format of the log": "a setting",
    "repair the log": "sync says so",
    "skip a segment of the log": "sync says so",
    "end the claim of a session": "a person decides when",
    "hand over what a session holds": "a person decides when",
    "leave a note for an agent": "a person decides when",
}


@pytest.fixture
def agent(db: None) -> User:
    return User.objects.actor("claude")


@pytest.fixture
def wait(make_item: Make, owner: User, agent: User) -> Callable[[str], WorkItem | None]:
    """Make something wait by `wait(kind)`; return its item, if it has one."""

    def stuck(item: WorkItem) -> None:
        for _ in range(MAX_IDLE_LEASES):
            item.claim(actor=agent)
            WorkItem.objects.filter(pk=item.pk).update(lease_expires_at=timezone.now())
            item.refresh_from_db()

    def unheld(item: WorkItem) -> None:
        item.update(actor=agent, status="in_progress")
        WorkItem.objects.filter(pk=item.pk).update(updated_at=timezone.now() - timedelta(days=2))

    def lost(item: WorkItem) -> None:
        item.update(actor=owner, description="Of this clone")
        activity = Activity.objects.of(item).order_by("-id")[0]
        item.update(actor=agent, description="Of another clone")
        LostChange.objects.create(activity=activity)

    def user(_: WorkItem) -> None:
        User.objects.filter(pk=User.objects.actor("unknown").pk).update(is_kind_confirmed=False)

    def approval(item: WorkItem) -> None:
        check = Check(project=item.project, name=f"check {item.item_number}", command="make test")
        check.insert(actor=owner)
        CheckApproval.objects.filter(check_id=check.pk).delete()

    def check(item: WorkItem) -> None:
        one = Check.objects.filter(name="tests").first()
        if one is None:
            one = Check(project=item.project, name="tests", command="make test")
            one.insert(actor=owner)
        run = OpenedRun.open(one, item, digest=one.digest, actor=agent)
        run.finish(Report(1, 0, "", "", output="1 test failed"), actor=agent)

    ways: dict[str, Callable[[WorkItem], object]] = {
        "question": lambda item: Question(work_item=item, text="Which?", choices=["One", "Two"]).insert(actor=agent),
        "review": lambda item: item.update(actor=agent, status="review"),
        "approval": approval,
        "check": check,
        "stuck": stuck,
        "blocked": lambda item: item.update(actor=agent, status="blocked"),
        "unheld": unheld,
        "lost": lost,
        "decision": lambda item: Comment(work_item=item, content="So be it", kind=Kind.DECISION).insert(actor=agent),
        "user": user,
    }

    def make(kind: str) -> WorkItem:
        item = make_item(f"An item for {kind}")
        ways[kind](item)
        item.refresh_from_db()
        return item

    return make


def only() -> Entry:
    """Return the only entry."""
    (entry,) = page(10).entries
    return entry


@pytest.mark.parametrize("kind", listing.BY_KIND)
def test_every_kind_of_entry_is_found_and_settled(kind: str, wait: Callable[[str], Any], owner: User) -> None:
    assert (page(10).entries, count()) == ([], 0)
    wait(kind)
    entry = only()
    assert (entry.kind, count()) == (kind, 1)
    assert entry.text
    assert len({act.key for act in entry.acts}) == len(entry.acts)
    said = settle(kind, entry.pk, entry.acts[0].name, "", actor=owner)
    assert said.endswith((".", "One"))
    assert (page(10).entries, count()) == ([], 0)
    with pytest.raises(Conflict, match="another user was faster"):
        settle(kind, entry.pk, entry.acts[0].name, "", actor=owner)


def test_item_that_no_agent_is_offered_is_in_the_inbox(make_item: Make, agent: User, owner: User) -> None:
    """An open status is offered to agents, or a live session has the item, or it waits for a person."""
    for status in Status:
        item = make_item(status.label, status=status)
        WorkItem.objects.filter(pk=item.pk).update(updated_at=timezone.now() - timedelta(days=2))
    offered = set(WorkItem.objects.all().ready().values_list("status", flat=True))
    shown = {entry.item.status for entry in page(100).entries if entry.item}
    assert offered | shown | set(CLOSED) == set(Status.values)
    assert not offered & shown


def test_every_act_of_people_has_a_source_or_a_reason_why_nothing_waits_for_it() -> None:
    acts = set()
    for path in (CHECKOUT / "projects").rglob("*.py"):
        text = path.read_text()
        for node in ast.walk(ast.parse(text)) if "check_person(" in text else ():
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "check_person":
                (what,) = node.args
                assert isinstance(what, ast.Constant), f"{path}:{node.lineno} names no act"
                acts.add(what.value)
    settled = {act for source in SOURCES for act in source.settled_by}
    assert acts == settled | UNPROMPTED.keys()
    assert not settled & UNPROMPTED.keys()


def test_only_people_settle_entries(wait: Callable[[str], Any], agent: User, owner: User) -> None:
    for kind in listing.BY_KIND:
        wait(kind)
    owner.via = "claude"
    for entry in page(100).entries:
        for actor in (agent, owner):
            with pytest.raises(NotYours, match="only a person"):
                settle(entry.kind, entry.pk, entry.acts[0].name, "text", actor=actor)
    assert len(page(100).entries) == len(SOURCES)


def test_contents_of_an_archived_project_do_not_wait(wait: Callable[[str], Any], project: Project, owner: User) -> None:
    for kind in listing.BY_KIND.keys() - {"lost", "user"}:
        wait(kind)
    project.archive(actor=owner)
    assert (page(100).entries, count()) == ([], 0)


def test_pages_have_every_entry_once_in_the_order_of_kinds_and_age(wait: Callable[[str], Any]) -> None:
    for _ in range(2):
        for kind in listing.BY_KIND:
            wait(kind)
    whole = [entry.id for entry in page(100).entries]
    assert len(whole) == 2 * len(SOURCES) - 1  # the user is the same
    kinds = [entry.kind for entry in page(100).entries]
    assert kinds == sorted(kinds, key=[*listing.BY_KIND].index)
    for limit in (1, 2, 3, 5):
        found, place = [], None
        while True:
            some = page(limit, place)
            found += [entry.id for entry in some.entries]
            place = some.next
            if place is None:
                break
            assert len(some.entries) == limit
        assert found == whole


def test_number_of_queries_does_not_grow(wait: Callable[[str], Any]) -> None:
    numbers = []
    for more in (1, 4):
        for _ in range(more):
            for kind in listing.BY_KIND:
                wait(kind)
        with CaptureQueriesContext(
            connection,
        ) as page_queries:
            page(100)
        with CaptureQueriesContext(connection) as count_queries:
            count()
        numbers.append((len(page_queries), len(count_queries)))
    assert numbers[0] == numbers[1]
    assert numbers[0][1] == 3  # one, and two as there are checks


def test_question_is_answered_by_number_and_by_text(wait: Callable[[str], Any], owner: User) -> None:
    item = wait("question")
    entry = only()
    assert (entry.key, [act.label for act in entry.acts]) == (f"{item.display_key}.q1", ["One", "Two", "Answer"])
    with pytest.raises(ValidationError, match="your answer"):
        settle("question", entry.pk, "back", " ", actor=owner)
    with pytest.raises(Conflict, match="choice-3"):
        settle("question", entry.pk, "choice-3", "", actor=owner)
    settle("question", entry.pk, "choice-2", "", actor=owner)
    assert Question.objects.get().answer == "Two"


def test_item_given_back_is_ready_and_carries_the_comment(wait: Callable[[str], Any], owner: User) -> None:
    for kind in ("stuck", "blocked", "unheld"):
        item = wait(kind)
        settle(kind, str(item.pk), "back", "Try the other way", actor=owner)
        item.refresh_from_db()
        assert (item.claimed_by, item.idle_leases) == (None, 0)
        assert item in WorkItem.objects.all().ready()
        assert item.comments.get().kind == Kind.HANDOVER


def test_item_sent_back_is_offered_with_the_text_in_its_review(wait: Callable[[str], Any], owner: User) -> None:
    item = wait("review")
    settle("review", str(item.pk), "back", "Try the other way", actor=owner)
    assert item in WorkItem.objects.all().ready()
    assert Review.objects.sent_back().get().answer == "Try the other way"


def test_item_is_done_without_what_is_missing_if_a_person_says_why(
    wait: Callable[[str], Any], project: Project, owner: User
) -> None:
    item = wait("review")
    assert [act.name for act in only().acts] == ["accept", "back"]
    project.refresh_from_db()
    project.update(actor=owner, review_policy="required")
    entry = only()
    assert [act.name for act in entry.acts] == ["accept", "back", "waive"]
    settle("review", entry.pk, "waive", "It is a prototype", actor=owner)
    item.refresh_from_db()
    assert (item.status, item.waivers.get().reason) == ("done", "It is a prototype")


def test_item_is_assigned_to_oneself_or_another(wait: Callable[[str], Any], owner: User) -> None:
    item, other = wait("stuck"), wait("stuck")
    settle("stuck", str(item.pk), "assign", "", actor=owner)
    settle("stuck", str(other.pk), "assign", "ADA", actor=owner)
    assert [one.assignee.username for one in WorkItem.objects.in_order()] == [owner.username, "ada"]


def test_decision_that_is_declined_is_replaced_by_the_reason(wait: Callable[[str], Any], owner: User) -> None:
    wait("decision")
    settle("decision", only().pk, "back", "Use the other one", actor=owner)
    (decision,) = Comment.objects.living().decisions()
    assert decision.content == "Use the other one\n\n> Declined: So be it"
    assert decision.confirmed_by == owner


def test_lost_text_is_shown_with_both_and_can_be_set_again(wait: Callable[[str], Any], owner: User) -> None:
    item = wait("lost")
    entry = only()
    assert [tuple(one) for one in entry.lost] == [("description", "Of this clone", "Of another clone")]
    settle("lost", entry.pk, "mine", "", actor=owner)
    item.refresh_from_db()
    assert item.description == "Of this clone"
    assert LostChange.objects.get().seen_at is not None


def test_void_creation_is_only_reported(wait: Callable[[str], Any], make_item: Make, owner: User) -> None:
    item = make_item("Of a deleted project")
    activity = Activity.objects.of(item).get()
    Activity.objects.filter(pk=activity.pk).update(standing=Standing.VOID, reason="its parent is deleted")
    LostChange.objects.create(activity=activity)
    entry = only()
    assert (entry.text, [act.name for act in entry.acts]) == ("its parent is deleted", ["accept"])


def test_command_that_changed_meanwhile_is_not_approved(wait: Callable[[str], Any], owner: User) -> None:
    wait("approval")
    entry = only()
    assert entry.output == "make test"
    Check.objects.update(command="rm -rf /")
    with pytest.raises(Conflict, match="changed meanwhile"):
        settle("approval", entry.pk, "accept", "", actor=owner, seen=entry.seen)
    assert only().output == "rm -rf /"


def test_failure_waits_only_while_nobody_works_on_it(wait: Callable[[str], Any], agent: User) -> None:
    item = wait("check")
    assert (only().kind, only().output) == ("check", "1 test failed")
    item.claim(actor=agent)
    assert page(10).entries == []
    item.release(actor=agent)
    one = Check.objects.get()
    run = OpenedRun.open(one, item, digest=one.digest, actor=agent)
    run.finish(Report(0, 0, "a" * 40, "a" * 40), actor=agent)
    assert page(10).entries == []
    assert CheckRun.objects.get(outcome="failed").seen_at is not None  # so that counting stays fast


def test_kind_of_a_user_is_confirmed_or_changed(wait: Callable[[str], Any], owner: User) -> None:
    wait("user")
    settle("user", only().pk, "person", "", actor=owner)
    user = User.objects.get(username="unknown")
    assert (user.kind, user.is_kind_confirmed) == ("person", True)
    with pytest.raises(Conflict, match="yourself"):
        owner.confirm_kind("agent", actor=owner)


def test_imported_items_in_progress_are_only_counted_until_a_person_touches_them(agent: User, owner: User) -> None:
    load(*(row(number, "in_progress", 9) for number in range(1, 4)), row(4, "blocked", 9), row(5, "review", 9))
    assert {entry.kind for entry in page(10).entries} == {"blocked", "review"}
    assert (count(), Unheld().imported()) == (2, 3)
    item = WorkItem.objects.get(item_number=1)
    item.update(actor=agent, priority="high")
    WorkItem.objects.filter(pk=item.pk).update(updated_at=timezone.now() - timedelta(days=2))
    assert [entry.key for entry in page(10).entries if entry.kind == "unheld"] == ["PONE-1"]
    assert Unheld().imported() == 2
