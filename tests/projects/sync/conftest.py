from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from tests.postgres.databases import ON_POSTGRES, TEMPLATE
from tests.projects.sync.clones import JOINED, BoardClone, Joined, Log, found_pair
from tests.projects.sync.repositories import Clone, bare, clone


@pytest.fixture
def remote(tmp_path: Path) -> Path:
    """An empty bare repository."""
    return bare(tmp_path / "remote.git")


@pytest.fixture
def make_clone(remote: Path, tmp_path: Path) -> Iterator[Callable[..., Clone]]:
    """Make clones by `make_clone(name, *options_of_git_clone, **environment)`; their stores are closed afterwards."""
    clones: list[Clone] = []

    def make(name: str, *options: str, source: Path | str = remote, **env: str) -> Clone:
        clones.append(clone(source, tmp_path / name, *options, **env))
        return clones[-1]

    yield make
    for one in clones:
        one.store.close()


@pytest.fixture
def ann(make_clone: Callable[..., Clone]) -> Clone:
    return make_clone("ann")


@pytest.fixture
def bob(make_clone: Callable[..., Clone]) -> Clone:
    return make_clone("bob")


@pytest.fixture(scope="session")
def empty_board(request: pytest.FixtureRequest) -> Any:  # Any: bytes, or a name
    """What a clone with an empty board starts from."""
    return TEMPLATE if ON_POSTGRES else request.getfixturevalue("new_board").read_bytes()


@contextmanager
def board_clones(folder: Path, template: Any, blocker: Any) -> Iterator[Callable[[str], BoardClone]]:
    """Make clones by `make(person)`, each with an empty board of its own; they are closed at the end."""
    made: list[BoardClone] = []

    def make(person: str) -> BoardClone:
        made.append(BoardClone(folder / f"{len(made)}.db", template, person))
        return made[-1]

    with blocker.unblock():
        before = connection.settings_dict["NAME"]
        yield make
        connection.close()
        for one in made:
            one.close()
        connection.settings_dict["NAME"] = before


@pytest.fixture(scope="session")
def joined_boards(
    tmp_path_factory: pytest.TempPathFactory, empty_board: Any, django_db_setup: None, django_db_blocker: Any
) -> None:
    """Prepare what `joined_pair` copies."""
    for oldest in (False, True):
        log = Log()
        with board_clones(tmp_path_factory.mktemp("joined"), empty_board, django_db_blocker) as make:
            ada, bob = found_pair(make, log, oldest=oldest)
            JOINED[oldest] = Joined((ada.content(), bob.content()), log)


@pytest.fixture
def make_board_clone(
    tmp_path: Path, empty_board: Any, joined_boards: None, django_db_blocker: Any
) -> Iterator[Callable[[str], BoardClone]]:
    """Make clones by `make_board_clone(person)`, each with an empty board of its own."""
    with board_clones(tmp_path, empty_board, django_db_blocker) as make:
        yield make


@pytest.fixture
def log() -> Log:
    return Log()
