from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from projects.models import Comment, Project, User, WorkItem
from projects.models.fts import match_expression
from projects.models.search import search

pytestmark = pytest.mark.django_db
Make = Callable[..., Any]


@pytest.mark.parametrize(
    ("text", "expression"),
    [
        ("a", '"a" *'),
        ("a b", '"a" "b" *'),
        ('say "hi"', '"say" "hi" *'),
        ("a OR b", '"a" "OR" "b" *'),
        ("NEAR(a b)", '"NEAR(a" "b)" *'),
        ("title:x", '"title:x" *'),
        ("-a ^b* +", '"-a" "^b*" *'),
        ("a\x00b\x02", '"a" "b" *'),
        ("e\u0301te\u0301", '"e\u0301te\u0301" *'),
        ("日本 語", '"日本" "語" *'),
        ("\ud800a", '"a" *'),
        *((text, "") for text in ("", "  ", '"', '"""', "-", "***", "()", "^", "\x00", "…—", "💥", "\u0301")),
    ],
)
def test_match_expression_quotes_every_word(text: str, expression: str) -> None:
    assert match_expression(text) == expression


@pytest.mark.parametrize("is_rare", [True, False, None])
def test_list_and_search_find_the_same_for_rare_and_common_words(
    make_item: Make, project: Project, user: User, is_rare: bool | None
) -> None:
    """Both query strategies return the same items."""
    login = make_item("Mend the login page", description="It forgets passwords.")
    make_item("Mend the board", description="The café is closed.")
    make_item("Unmended").soft_delete(actor=user)
    Comment.objects.create(actor=user, work_item=login, content="Only a comment has lanterns.")
    for text in ("mend", "LOGIN mend", "the", "pass", "cafe", "pone-1", "2", "nothing", "mended", "the lost", "*", ""):
        wanted = {hit.id for hit in search(text) if hit.type == "work_item"}
        assert {str(item.pk) for item in WorkItem.objects.living().containing(text, is_rare=is_rare)} == wanted, text
    assert not WorkItem.objects.containing("lanterns", is_rare=is_rare)
    assert WorkItem.objects.deleted().containing("unm", is_rare=is_rare).get().title == "Unmended"


@pytest.mark.parametrize("is_rare", [True, False])
def test_display_key_does_not_match_as_a_prefix(make_item: Make, is_rare: bool | None) -> None:
    for number in range(1, 12):
        make_item(f"Item {number}", description="as PONE-1 says" if number == 5 else "")
    found = WorkItem.objects.containing(" pone-1 ", is_rare=is_rare)
    assert {item.item_number for item in found} == {1, 5}
