"""What a rule refuses only when it is written is an error on the form, with what was typed, and never a fault."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from projects.entities.registry import ENTITIES
from projects.middleware import AGENT
from projects.models import Check, User, WorkItem
from tests.projects.test_entity_forms import MADE, Board, admin_form, admin_url, type_in_admin

pytestmark = pytest.mark.django_db


@pytest.fixture
def through_link(browser: Client) -> Client:
    """A browser that a link signed in that an agent asked for."""
    session = browser.session
    session[AGENT] = "claude"
    session.save()
    return browser


def test_waiver_through_a_link_of_an_agent_is_refused_with_what_was_typed(
    through_link: Client, owner: User, make_item: Callable[..., WorkItem]
) -> None:
    item, url = make_item(), "/admin/projects/waiver/add/"
    answer = through_link.post(
        url, {"work_item": str(item.pk), "reason": "Typed <b>reason</b>", "expected_version": ""}
    )
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "only a person can waive missing evidence, and not through a login link of claude" in page
    assert "Typed &lt;b&gt;reason&lt;/b&gt;" in page
    item.refresh_from_db()
    assert item.status != "done"


def test_no_row_that_an_agents_link_creates_in_the_admin_ends_in_a_fault(through_link: Client, owner: User) -> None:
    board = Board(owner)
    for entity in MADE:
        form = admin_form(through_link, admin_url(entity, "add"))
        for place, field in enumerate(entity.fields):
            if field.create or field.refers == "project":
                type_in_admin(form, field, board.value(field, place=place))
        assert through_link.post(admin_url(entity, "add"), form.values).status_code in (200, 302), entity.name


def test_no_row_that_an_agents_link_deletes_in_the_admin_ends_in_a_fault(through_link: Client, owner: User) -> None:
    board = Board(owner)
    for entity in reversed(ENTITIES):
        row = board.rows[entity.name]
        answer = through_link.post(admin_url(entity, "delete", row.pk), {"post": "yes"})
        assert answer.status_code in (302, 403), entity.name
    assert Check.objects.get().deleted_at is None  # only a person deletes it
