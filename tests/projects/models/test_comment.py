from __future__ import annotations

from collections.abc import Callable

import pytest
from django.conf import settings
from django.core.exceptions import ValidationError

from projects.models import Comment, User, WorkItem
from projects.models.exceptions import Conflict, NotYours

pytestmark = pytest.mark.django_db
Make = Callable[..., WorkItem]


@pytest.fixture
def comment(make_item: Make, user: User) -> Comment:
    return Comment.objects.create(actor=user, work_item=make_item(), content="Text")


@pytest.mark.parametrize("content", ["", " \n ", "x" * (settings.PM_MAX_COMMENT_LENGTH + 1), "\x1b[31m"])
def test_content_is_text_of_limited_length(comment: Comment, user: User, content: str) -> None:
    for write in (
        lambda: Comment.objects.create(actor=user, work_item=comment.work_item, content=content),
        lambda: comment.update(actor=user, content=content),
    ):
        with pytest.raises(ValidationError) as caught:
            write()
        assert set(caught.value.message_dict) == {"content"}


def test_only_its_author_or_a_superuser_changes_a_comment(comment: Comment, owner: User) -> None:
    eve = User.objects.actor("eve")
    for write in (
        lambda: comment.update(actor=eve, content="Mine"),
        lambda: comment.soft_delete(actor=eve),
        lambda: comment.restore(actor=eve),
    ):
        with pytest.raises(NotYours, match="only its author ada or a superuser may change this comment"):
            write()
    assert comment.update(actor=owner, content="Fixed")


def test_deleted_item_gets_no_comment(comment: Comment, user: User) -> None:
    comment.work_item.soft_delete(actor=user)
    with pytest.raises(Conflict, match="PONE-1 is deleted; restore it first"):
        Comment.objects.create(actor=user, work_item=comment.work_item, content="Late")
    assert not Comment.objects.living().exists()


def decide(make_item: Make, actor: User) -> Comment:
    return Comment.objects.create(actor=actor, work_item=make_item(), content="Use SQLite", kind="decision")


def test_decision_of_an_agent_is_unconfirmed_until_a_person_confirms_it(
    make_item: Make, user: User, owner: User
) -> None:
    assert user.is_agent
    decision = decide(make_item, user)
    assert decision.is_unconfirmed
    with pytest.raises(NotYours, match="only a person"):
        decision.confirm(actor=user)
    decision.confirm(actor=owner)
    found = Comment.objects.get()
    assert (found.confirmed_by, found.version, found.is_unconfirmed) == (owner, 1, False)
    assert not Comment.objects.unconfirmed().exists()


def test_decision_of_a_person_is_confirmed(make_item: Make, owner: User) -> None:
    decision = decide(make_item, owner)
    decision.update(actor=owner, content="Use files")
    decision.refresh_from_db()
    assert decision.confirmed_by == owner


def test_changed_decision_must_be_confirmed_again(make_item: Make, user: User, owner: User) -> None:
    decision = decide(make_item, user)
    decision.confirm(actor=owner)
    decision.update(actor=user, content="Use files")
    assert decision.is_unconfirmed
    decision.confirm(actor=owner)
    Comment._base_manager.filter(pk=decision.pk).update(content="Of another clone")  # as sync writes it
    decision.refresh_from_db()
    assert decision.is_unconfirmed


def test_only_a_decision_is_confirmed_and_the_kind_never_changes(comment: Comment, user: User, owner: User) -> None:
    with pytest.raises(Conflict, match="only a decision can be confirmed"):
        comment.confirm(actor=owner)
    with pytest.raises(ValidationError, match="immutable"):
        comment.update(actor=user, kind="decision")
    with pytest.raises(ValidationError):
        Comment.objects.create(actor=user, work_item=comment.work_item, content="x", kind="poem")
