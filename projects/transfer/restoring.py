"""Restore a backup while the server runs: stage it, look at what it holds, then replace the whole database.

The write queue is held meanwhile, and the old board is kept as a backup.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import IO, NamedTuple

from django.core.exceptions import ValidationError
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from discovery import safe_files
from projects.models.exceptions import Conflict
from projects.sqlite.queue import queue_for
from projects.sqlite.replacement import PATIENCE, alone, replace
from projects.stale_files import BACKUP_PREFIX
from projects.transfer import backup

STAGED = f"{BACKUP_PREFIX}restore-"  # of the folders with staged files; a server start removes them
FILE = "data.db"
KEPT = "backups"  # the folder of the old boards, as of `pm backup`
_FOREIGN = "The file is not a usable database: choose one that was downloaded here, or that pm backup wrote."
_DAMAGED = "The file is damaged, or cut off: choose another backup."
LIFE = 3600.0  # seconds that a staged file waits for its confirmation
MIGRATION = 600.0  # seconds that a migration of the staged file may take
MAX_NAMED = 20  # projects


class Contents(NamedTuple):
    """What a staged backup holds."""

    projects: list[tuple[str, str, int]]  # key, title and number of items
    more: int  # projects that are not among these
    items: int
    users: int
    changed_at: datetime | None


def stage(upload: IO[bytes]) -> str:
    """Keep a copy of an uploaded backup beside the database, checked and migrated; return its token.

    Raises ValidationError if it is no intact database of this version of pm or an earlier one.
    """
    _remove_old()
    token = uuid.uuid4().hex
    folder = _folder(token)
    os.mkdir(folder, 0o700)
    try:
        path = os.path.join(folder, FILE)
        with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
            shutil.copyfileobj(upload, file)
        if _is_older(path):
            _migrate(folder)
            _is_older(path)  # raises if it is damaged
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return token


def look(token: str) -> Contents:
    """Return what the staged backup holds. Raises FileNotFoundError if there is none."""
    with _reading(_path(token)) as file:
        rows = file.execute(
            "SELECT p.key, p.title, count(i.id) FROM projects_project p"
            " LEFT JOIN projects_workitem i ON i.project_id = p.id AND i.deleted_at IS NULL"
            " WHERE p.deleted_at IS NULL GROUP BY p.id ORDER BY p.key"
        ).fetchall()
        ((users,),) = file.execute("SELECT count(*) FROM projects_user")
        ((changed,),) = file.execute("SELECT max(created_at) FROM projects_activity")
    moment = datetime.fromisoformat(changed).replace(tzinfo=UTC) if changed else None
    return Contents(rows[:MAX_NAMED], len(rows[MAX_NAMED:]), sum(row[2] for row in rows), users, moment)


def apply(token: str) -> str:
    """Replace the database by the staged backup; return the path of the backup of the old board.

    Nobody is signed in afterwards. Raises FileNotFoundError if there is no such staged backup, and Conflict if
    writers don't let it begin.
    """
    staged, database = _path(token), os.path.abspath(connection.settings_dict["NAME"])
    with alone(staged) as file:
        file.execute("DELETE FROM django_session")
        file.execute("DELETE FROM projects_loginticket")
    queue, holder = queue_for(database), object()
    if not queue.acquire(holder, PATIENCE):
        raise Conflict("the database is busy; try again")
    try:
        kept = _keep()
        replace(staged, database)
    finally:
        queue.release(holder)
    shutil.rmtree(_folder(token), ignore_errors=True)
    return kept


def _keep() -> str:
    """Write the present board to the folder of backups; return its path."""
    folder = os.path.join(_home(), KEPT)
    os.makedirs(folder, mode=0o700, exist_ok=True)
    now = time.time()
    stamp = f"{time.strftime('%Y%m%dT%H%M%S', time.gmtime(now))}.{int(now % 1 * 1e6):06d}Z"
    path = os.path.join(folder, f"before-restore-{stamp}.db")
    with backup.copy() as copy, safe_files.Replacement(path, sync_folder=True) as new:
        shutil.copyfileobj(copy, new.file)
    return path


def _is_older(path: str) -> bool:
    """Return True if migrations of this version are not applied to the file. Raises ValidationError."""
    try:
        with _reading(path) as file:
            (found,) = file.execute("PRAGMA integrity_check(1)").fetchone()
            tables = {row[0] for row in file.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            if found != "ok":
                raise ValidationError(_DAMAGED)
            if not {"django_migrations", "projects_project"} <= tables:
                raise ValidationError("The file is a database, but not a backup of pm.")
            applied = {(app, name): pk for pk, app, name in file.execute("SELECT id, app, name FROM django_migrations")}
    except sqlite3.Error as error:
        raise ValidationError(_DAMAGED if "malformed" in str(error) else _FOREIGN) from error
    known = set(MigrationLoader(None).disk_migrations)
    # As at the start of a server: what this version lacks is newer only if it was applied after all that it has.
    last: dict[str, int] = {}
    for (app, name), pk in applied.items():
        if (app, name) in known:
            last[app] = max(pk, last.get(app, 0))
    newer = sorted(name for (app, name), pk in applied.items() if (app, name) not in known and pk > last.get(app, 0))
    if newer:
        raise ValidationError(f"A newer version of pm wrote the backup ({newer[-1]}); upgrade pm first.")
    return bool(known - applied.keys())


def _migrate(folder: str) -> None:
    """Migrate the staged file in a process of its own, as the start of a server does. Raises ValidationError."""
    command = [sys.executable, "-m", "pmsite", "migrate", "--no-input", "--verbosity=0"]
    environment = {**os.environ, "PM_CONFIG_DIR": folder}
    environment.pop("PM_DATABASE_URL", None)  # on a team's server it names the live database
    found = subprocess.run(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=MIGRATION,
        check=False,
        cwd=os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))),
    )
    if found.returncode:
        last = found.stderr.decode(errors="replace").strip().splitlines()[-1:]
        raise ValidationError(f"The backup can't be brought to this version of pm: {' '.join(last)}")


def _remove_old() -> None:
    """Remove staged files that nobody confirmed."""
    for name in os.listdir(_home()):
        path = os.path.join(_home(), name)
        with contextlib.suppress(FileNotFoundError):
            if name.startswith(STAGED) and time.time() - os.stat(path).st_mtime > LIFE:
                shutil.rmtree(path, ignore_errors=True)


def _home() -> str:
    database: str = os.path.abspath(connection.settings_dict["NAME"])
    return os.path.dirname(database)


def _folder(token: str) -> str:
    return os.path.join(_home(), f"{STAGED}{uuid.UUID(token).hex}")


def _path(token: str) -> str:
    path = os.path.join(_folder(token), FILE)
    if not os.path.isfile(path):
        raise FileNotFoundError(path)
    return path


@contextlib.contextmanager
def _reading(path: str) -> Iterator[sqlite3.Connection]:
    with contextlib.closing(sqlite3.connect(path)) as file:
        file.execute("PRAGMA query_only = ON")
        yield file
