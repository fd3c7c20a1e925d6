from __future__ import annotations

from collections.abc import Callable

import pytest

from projects.models import Activity, Project, Review, User, Waiver, WorkItem
from projects.models.exceptions import Conflict, EvidenceMissing, HasChildren, NotYours
from projects.models.review import accept, send_back
from projects.models.work_items import evidence
from projects.models.work_items.evidence import Evidence, Source

pytestmark = pytest.mark.django_db
Make = Callable[..., WorkItem]


@pytest.fixture
def agent(user: User) -> User:
    assert user.is_agent
    return user


@pytest.fixture
def reviewed(project: Project, owner: User) -> Project:
    """A project in which a person has to accept what agents hand in."""
    project.update(actor=owner, review_policy="required")
    return project


@pytest.fixture
def proofs(project: Project, owner: User, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What a project with checks lacks, and how to get it; a test may empty it."""
    lacking = {"check test has not passed": "pm check PONE-1 test"}

    def find(item: WorkItem) -> list[Evidence]:
        return [Evidence("check lint passed"), *(Evidence(what, get) for what, get in lacking.items())]

    monkeypatch.setattr(evidence, "SOURCES", (Source("checks_policy", find),))
    project.update(actor=owner, checks_policy="required")
    return lacking


def again(item: WorkItem) -> WorkItem:
    return WorkItem.objects.select_related("project").get(pk=item.pk)


@pytest.mark.parametrize("policy", ["review_policy", "checks_policy", "acceptance_policy"])
def test_only_people_set_policies(project: Project, agent: User, owner: User, policy: str) -> None:
    with pytest.raises(NotYours, match="only a person can change the policies of a project"):
        project.update(actor=agent, **{policy: "required"})
    with pytest.raises(NotYours, match="only a person can set the policies of a project"):
        Project.objects.create(actor=agent, key="TWO", title="Two", **{policy: "required"})
    assert project.update(actor=owner, **{policy: "required"})
    with pytest.raises(NotYours):
        project.update(actor=agent, **{policy: "off"})
    linked = User.objects.get(pk=owner.pk)
    linked.via = "claude"
    with pytest.raises(NotYours, match="and not through a login link of claude"):
        project.update(actor=linked, **{policy: "off"})


def test_done_by_an_agent_is_review_where_a_person_has_to_accept(
    reviewed: Project, make_item: Make, agent: User
) -> None:
    item = make_item(status="in_progress")
    item.update(actor=agent, status="done", close_reason="3 tests pass")
    assert (item.status, item.close_reason, item.completed_at) == ("review", "", None)
    review = Review.objects.get()
    assert (review.content, review.verdict, review.created_by) == ("3 tests pass", "waiting", agent)
    assert list(Review.objects.waiting()) == [review]
    new = WorkItem.objects.create(actor=agent, project=reviewed, title="New", item_type="task", status="done")
    assert (new.status, Review.objects.filter(work_item=new).count()) == ("review", 1)


def test_done_by_a_person_is_an_acceptance(reviewed: Project, make_item: Make, agent: User, owner: User) -> None:
    handed_in, other = make_item(), make_item()
    handed_in.update(actor=agent, status="done")
    for item in (handed_in, other):
        item.update(actor=owner, status="done", close_reason="Good")
        assert (item.status, item.closing, item.close_reason) == ("done", "accepted", "Good")
    review = Review.objects.get()
    assert (review.verdict, review.decided_by) == ("accepted", owner)


def test_person_accepts_what_was_handed_in(reviewed: Project, make_item: Make, agent: User, owner: User) -> None:
    item = make_item()
    Review.objects.create(actor=agent, work_item=item, content="Look at it")
    for actor in (agent, _through_link(owner)):
        with pytest.raises(NotYours, match="only a person can accept what was handed in"):
            accept(again(item), actor=actor)
    accept(again(item), actor=owner, text="Nice")
    assert (again(item).status, again(item).closing) == ("done", "accepted")
    review = Review.objects.get()
    assert (review.verdict, review.answer, review.decided_by) == ("accepted", "Nice", owner)
    with pytest.raises(Conflict, match="PONE-1 is done, not in review"):
        accept(again(item), actor=owner)


def test_item_sent_back_is_in_progress_with_the_text(make_item: Make, agent: User, owner: User) -> None:
    item = make_item()
    item.claim(actor=agent)
    Review.objects.create(actor=agent, work_item=item, content="Look at it")
    assert (item.status, item.claimed_by) == ("review", None)
    with pytest.raises(NotYours, match="only a person can send back"):
        send_back(again(item), actor=agent, text="No")
    send_back(again(item), actor=owner, text="Test the empty list")
    item = again(item)
    assert (item.status, item.assignee, item.claimed_by, item.is_claimed) == ("in_progress", agent, agent, False)
    (review,) = Review.objects.sent_back()
    assert (review.verdict, review.answer) == ("sent_back", "Test the empty list")
    Review.objects.create(actor=agent, work_item=item, content="Tested")
    assert not Review.objects.sent_back()
    assert [one.content for one in Review.objects.waiting()] == ["Tested"]


def test_move_out_of_review_decides_it(make_item: Make, agent: User, owner: User) -> None:
    def verdict_after(actor: User, status: str) -> str:
        item = make_item(status="review")
        item.update(actor=actor, status=status)
        return str(Review.objects.get(work_item=item).verdict)

    assert verdict_after(owner, "done") == "accepted"
    assert verdict_after(owner, "todo") == "sent_back"
    assert verdict_after(owner, "cancelled") == "withdrawn"
    assert verdict_after(agent, "todo") == "withdrawn"
    assert verdict_after(agent, "done") == "withdrawn"


def test_text_of_an_item_in_review_is_handed_in_again(reviewed: Project, make_item: Make, agent: User) -> None:
    item = make_item()
    item.update(actor=agent, status="done", close_reason="First")
    item.update(actor=agent, status="done", close_reason="Second")
    item.update(actor=agent, status="done")
    rounds = Review.objects.values_list("content", "verdict")
    assert list(rounds) == [("First", "withdrawn"), ("Second", "waiting")]


def test_review_is_not_edited_and_only_people_delete_it(make_item: Make, agent: User, owner: User) -> None:
    review = Review.objects.create(actor=agent, work_item=make_item())
    for actor in (agent, owner):
        with pytest.raises((Conflict, NotYours)):
            review.update(actor=actor, verdict="accepted")
    with pytest.raises(NotYours):
        review.soft_delete(actor=agent)


def test_open_children_keep_an_item_from_being_handed_in_as_done(
    reviewed: Project, make_item: Make, agent: User
) -> None:
    epic = make_item("Epic", item_type="epic")
    make_item("Task", parent=epic)
    with pytest.raises(HasChildren):
        epic.update(actor=agent, status="done")
    epic.update(actor=agent, status="done", force=True)
    assert epic.status == "review"


@pytest.mark.parametrize("status", ["review", "done"])
def test_missing_evidence_is_refused_with_what_and_how(
    proofs: dict[str, str], make_item: Make, agent: User, owner: User, status: str
) -> None:
    item = make_item()
    for actor in (agent, owner):
        with pytest.raises(EvidenceMissing) as caught:
            item.update(actor=actor, status=status, force=True)
        assert caught.value.message == (
            f"PONE-1 can't be set to {status}: check test has not passed (pm check PONE-1 test)"
        )
    with pytest.raises(EvidenceMissing):
        WorkItem.objects.create(actor=agent, project=item.project, title="New", item_type="task", status=status)
    proofs.clear()
    assert item.update(actor=agent, status=status)


def test_policy_that_warns_lets_pass(
    proofs: dict[str, str], project: Project, make_item: Make, agent: User, owner: User
) -> None:
    project.update(actor=owner, checks_policy="warn")
    item = make_item()
    item.update(actor=agent, status="done")
    assert (item.status, item.closing) == ("done", "warned")
    assert [one.what for one in item.warnings] == ["check test has not passed"]


def test_person_waives_missing_evidence(proofs: dict[str, str], make_item: Make, agent: User, owner: User) -> None:
    item = make_item()
    for actor in (agent, _through_link(owner)):
        with pytest.raises(NotYours, match="only a person can waive missing evidence"):
            Waiver.objects.create(actor=actor, work_item=again(item), reason="Trust me")
    waiver = Waiver.objects.create(actor=owner, work_item=again(item), reason="The machine is gone")
    assert waiver.missing == "check test has not passed (pm check PONE-1 test)"
    item = again(item)
    assert (item.status, item.closing, item.close_reason) == ("done", "waived", "The machine is gone")
    with pytest.raises(Conflict, match="PONE-1 is done already"):
        Waiver.objects.create(actor=owner, work_item=item, reason="Again")


def test_closed_item_keeps_its_evidence(
    proofs: dict[str, str], project: Project, make_item: Make, agent: User, owner: User
) -> None:
    project.update(actor=owner, checks_policy="warn", review_policy="required")
    item = make_item()
    item.update(actor=agent, status="review")
    item.update(actor=owner, status="done")
    kept = (
        "policies: review required, checks warn, acceptance off\n"
        "there: check lint passed\nmissing: check test has not passed"
    )
    assert item.evidence == kept
    proofs["check build has not passed"] = "pm check PONE-1 build"
    again(item).project.update(actor=owner, checks_policy="required")
    item = again(item)
    assert (item.evidence, item.closing) == (kept, "warned")
    assert item.update(actor=agent, title="Renamed")
    assert item.update(actor=agent, status="todo")
    assert (item.evidence, item.closing) == ("", None)


def test_release_and_undo_move_no_item_past_a_policy(
    proofs: dict[str, str], project: Project, make_item: Make, agent: User, owner: User
) -> None:
    from projects.models.edits import undo

    taken, reopened = make_item(), make_item()
    project.update(actor=owner, checks_policy="off")
    taken, reopened = again(taken), again(reopened)
    taken.update(actor=agent, status="review")
    taken.claim(actor=agent, force=True)
    reopened.update(actor=agent, status="done")
    reopened.update(actor=agent, status="todo")
    project.update(actor=owner, checks_policy="required", review_policy="required")
    taken, reopened = again(taken), again(reopened)
    taken.release(actor=agent)
    assert taken.status == "todo"
    change = Activity.objects.of(reopened).latest("id")
    with pytest.raises(EvidenceMissing):
        undo(change, actor=agent)
    proofs.clear()
    undo(change, actor=agent)
    assert again(reopened).status == "review"


def _through_link(person: User) -> User:
    person = User.objects.get(pk=person.pk)
    person.via = "claude"
    return person
