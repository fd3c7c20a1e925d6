"""Rules of acceptance criteria."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.core.exceptions import ValidationError

from projects.models import Activity, Criterion, User, WorkItem
from projects.models.edits import undo
from projects.models.exceptions import Conflict, NotYours

pytestmark = pytest.mark.django_db
Make = Callable[..., WorkItem]


@pytest.fixture
def person(db: None) -> User:
    return User.objects.actor("pat", is_agent=False)


@pytest.fixture
def item(make_item: Make) -> WorkItem:
    return make_item()


def accept(item: WorkItem, actor: User, *texts: str) -> list[Criterion]:
    return [Criterion.objects.create(actor=actor, work_item=item, text=text) for text in texts]


def progress(item: WorkItem) -> str:
    return WorkItem.objects.get(pk=item.pk).criteria_progress


def test_criteria_are_numbered_in_the_order_of_their_creation(item: WorkItem, user: User) -> None:
    accept(item, user, "one", "two", "three")
    assert [each.text for each in Criterion.objects.numbered(item, [3, 1, 3])] == ["three", "one"]
    with pytest.raises(ValidationError, match="PONE-1 has no criterion 4; it has 3"):
        Criterion.objects.numbered(item, [4])


def test_tick_records_who_and_when_and_the_item_counts_them(item: WorkItem, user: User) -> None:
    one, _ = accept(item, user, "one", "two")
    assert progress(item) == "0/2"
    assert one.tick(actor=user)
    assert not one.tick(actor=user)
    stored = Criterion.objects.get(pk=one.pk)
    assert (stored.ticked_by, stored.ticked_at is not None, progress(item)) == (user, True, "1/2")
    assert one.untick(actor=user)
    assert progress(item) == "0/2"
    one.soft_delete(actor=user)
    assert progress(item) == "0/1"


def test_new_text_loses_the_tick(item: WorkItem, user: User) -> None:
    (one,) = accept(item, user, "one")
    one.tick(actor=user)
    one.update(actor=user, text="another")
    stored = Criterion.objects.get(pk=one.pk)
    assert (stored.ticked_by, stored.ticked_at, progress(item)) == (None, None, "0/1")


def test_agent_ticks_but_does_not_change_what_a_person_wrote(item: WorkItem, user: User, person: User) -> None:
    (one,) = accept(item, person, "one")
    one.tick(actor=user)
    for write in (lambda: one.update(actor=user, text="easier"), lambda: one.soft_delete(actor=user)):
        with pytest.raises(NotYours, match="only a person can change a criterion that a person wrote"):
            write()
    one.update(actor=person, text="harder")


def test_closed_item_freezes_its_criteria(item: WorkItem, user: User) -> None:
    (one,) = accept(item, user, "one")
    item.update(actor=user, status="done")
    one = Criterion.objects.select_related("work_item__project").get(pk=one.pk)
    for write in (
        lambda: one.tick(actor=user),
        lambda: one.update(actor=user, text="other"),
        lambda: one.soft_delete(actor=user),
        lambda: accept(item, user, "late"),
    ):
        with pytest.raises(Conflict, match="PONE-1 is done, so its criteria are frozen"):
            write()


def test_undo_takes_a_tick_away_and_never_ticks_for_another(item: WorkItem, user: User, person: User) -> None:
    (one,) = accept(item, user, "one")
    one.tick(actor=user)
    undo(Activity.objects.of(one).latest("id"), actor=person)
    assert progress(item) == "0/1"
    with pytest.raises(Conflict, match="tick the criterion again"):
        undo(Activity.objects.of(one).latest("id"), actor=person)
