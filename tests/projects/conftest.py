from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import pytest
from django.db import connection, transaction
from django.db.models import QuerySet
from django.test import Client
from django.test.client import ClientHandler
from rest_framework.test import APIClient

from discovery import runtime
from discovery.portfile import ServerInfo
from projects.models import Activity, Project, User, WorkItem

AnyClient = TypeVar("AnyClient", bound=Client)
TOKEN = "a-token-of-the-tests"
INFO = ServerInfo(
    schema=1,
    pid=1,
    port=5174,
    host="127.0.0.1",
    url="http://127.0.0.1:5174",
    started_at="2026-01-31T12:00:00Z",
    version="0.1.0",
    instance_id="0123456789abcdef",
)


@pytest.fixture
def running() -> Iterator[runtime.Runtime]:
    """The runtime of a server that has been published, with its token."""
    before = vars(runtime.current).copy()
    runtime.current.info, runtime.current.token = INFO, TOKEN
    yield runtime.current
    vars(runtime.current).update(before)


@pytest.fixture
def api(running: runtime.Runtime) -> APIClient:
    """A client that bears the token."""
    return bearer()


@pytest.fixture
def user(db: None) -> User:
    return User.objects.actor("ada")


@pytest.fixture
def make_project(db: None) -> Callable[..., Project]:
    """Make projects by `make_project(key, **values)`, as the user ada."""

    def make(key: str = "PONE", *, actor: str = "ada", **values: Any) -> Project:
        return Project.objects.create(actor=User.objects.actor(actor), key=key, **({"title": key.title()} | values))

    return make


@pytest.fixture
def project(make_project: Callable[..., Project]) -> Project:
    return make_project("PONE", title="First", description="The first one.")


@pytest.fixture
def make_item(project: Project) -> Callable[..., WorkItem]:
    """Make items of PONE by `make_item(title, **values)`, tasks unless said otherwise, as the user ada."""

    def make(title: str = "Item", *, actor: str = "ada", **values: Any) -> WorkItem:
        return WorkItem.objects.create(
            actor=User.objects.actor(actor), title=title, **({"project": project, "item_type": "task"} | values)
        )

    return make


@pytest.fixture
def owner(db: None) -> User:
    return User.objects.owner()


@pytest.fixture
def browser(owner: User) -> Client:
    """A browser in which the owner is signed in."""
    return signed_in(owner)


@contextmanager
def prepared_database(path: Path, blocker: Any, *, changes: bool = False) -> Iterator[None]:
    """Use the database at `path`, in a transaction that is rolled back unless it `changes` the file."""
    with blocker.unblock():
        connection.close()
        before = connection.settings_dict["NAME"]
        connection.settings_dict["NAME"] = str(path)
        try:
            with nullcontext() if changes else rolled_back():
                yield
        finally:
            connection.close()
            connection.settings_dict["NAME"] = before


@contextmanager
def rolled_back() -> Iterator[None]:
    atomic = transaction.atomic()
    atomic._from_testcase = True  # type: ignore[attr-defined]  # as the transactions of Django's own tests
    with atomic:
        yield
        transaction.set_rollback(True)


@pytest.fixture
def full_disk(transactional_db: None) -> Iterator[None]:
    """A database that can't grow."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM")  # what earlier tests deleted has left free pages
        pages = cursor.execute("PRAGMA page_count").fetchone()[0]
        cursor.execute(f"PRAGMA max_page_count = {pages + 1}")
        yield
        cursor.execute("PRAGMA max_page_count = 4294967294")


def of_projects() -> QuerySet[Activity]:
    """Return the activity of projects themselves; a new one brings its swim lanes along."""
    return Activity.objects.filter(entity_type="project").order_by("id")


@cache
def loaded_middleware() -> object:
    handler = ClientHandler()
    handler.load_middleware()
    return handler._middleware_chain


def with_middleware(client: AnyClient) -> AnyClient:
    """Share one loaded middleware among all clients: loading it makes WhiteNoise look at all static files."""
    client.handler._middleware_chain = loaded_middleware()
    return client


def signed_in(user: User) -> Client:
    client = with_middleware(Client())
    client.force_login(user)
    return client


def bearer(actor: str | None = None, **headers: str) -> APIClient:
    """Return a client that bears the token, acting as `actor`."""
    client = with_middleware(APIClient())
    credentials = {"HTTP_AUTHORIZATION": f"Bearer {TOKEN}", **headers}
    if actor is not None:
        credentials["HTTP_X_PM_ACTOR"] = actor
    client.credentials(**credentials)
    return client


def begin_group() -> None:
    """Let the next changes have a group of their own, as those of each request of a server have."""
    connection.group_of_changes = None  # type: ignore[attr-defined]  # of projects.sqlite
