"""Shared by the tests of the sprints page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.test import Client
from django.utils import timezone

from projects.models import Sprint, User

HTML = {"HTTP_ACCEPT": "text/html"}
URL = "/sprints/PONE/"
TODAY = timezone.now().date()
Make = Callable[..., Any]


def post(browser: Client, of: Sprint | None, verb: str, **data: Any) -> Any:
    path = f"{URL}{f'{of.pk}/' if of else ''}{verb}/"
    version = {"version": of.version} if of else {}
    return browser.post(path, {name: str(value) for name, value in {**version, **data}.items()})


def said(answer: Any) -> str:
    return str(answer.json()["error"]["message"])


def columns(browser: Client, query: str = "") -> dict[str, list[str]]:
    plan = browser.get(URL + query).context["plan"]
    found = {column.sprint.name: [card.key for card in column.cards] for column in plan.columns}
    return {"": [card.key for card in plan.backlog.cards], **found}


def complete_one(make_sprint: Make, make_item: Make, user: User, points: int | None) -> None:
    sprint = make_sprint("Past")
    make_item(status="done", story_points=points, sprint=sprint)
    sprint.start(actor=user)
    sprint.complete(actor=user)
