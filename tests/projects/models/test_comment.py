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
