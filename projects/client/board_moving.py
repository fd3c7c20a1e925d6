"""Move the whole board to a team server, or back, with its history; nothing is deleted where it was.

The local server is stopped, and its lock is held meanwhile, so nobody writes to the local database. A process of its
own reads or fills that, as the client knows no database. The team server stores all of the board or nothing, so after
any interruption the same command can be run again.
"""

from __future__ import annotations

import filecmp
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import closing, contextmanager

from discovery import lock, portfile, quickjson
from projects import workspace
from projects.client import (
    backups,
    commit_reports,
    consent,
    device_login,
    launcher,
    progress,
    remote_board,
    resolution,
    team_servers,
)
from projects.client import transfer as transfers
from projects.client.api import Api
from projects.client.errors import (
    BadAnswer,
    FileRefused,
    NeedsPerson,
    NoServer,
    RemoteRefused,
    StopFailed,
    Unresponsive,
)
from projects.client.identity import TerminalIdentity
from projects.client.streaming import Sink, Upload
from projects.stale_files import BACKUP_PREFIX

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from projects.client.api import Json
    from projects.client.context import Context
    from projects.client.team_servers import Login

STATE, DIGESTS = "/api/v1/board/", "/api/v1/board/digests/"
FORMAT = 1  # of projects.transfer.history
SCOPES = ("read", "admin", "person")  # of the token that lives as long as the command
SCRATCH = f"{BACKUP_PREFIX}move-"  # of folders that the next start of a server removes
PATIENCE = 20.0  # seconds for the local server to stop
AGAIN = "the board is stored as a whole or not at all, so run the same command again"


def push(context: Context, url: str) -> dict[str, Json]:
    """Move the local board to the empty team server where the repository is logged in."""
    login = _login(context, url)
    directory = context.directory
    database = os.path.join(directory, workspace.DATABASE)
    if not os.path.lexists(database):
        raise FileRefused(f"there is no local board in {directory}{_moved_before(directory)}")
    with consent.Person(f"pm board push {login.url}") as person:
        person.agree(
            f"This moves the board of {workspace.root_of(directory)} to {login.url}, with its history and files. The "
            "local server stops; the local database is set aside and can be restored. Move it?"
        )
        with _administrator(context, login) as api:
            there = api.get(STATE, wanted=("board", "is_empty"))
            _check_board(login, there["board"])
            if there["is_empty"]:
                api.get(DIGESTS)  # refuses a token without rights before the local server stops
            end, has_changed, path, kept = _pushed(context, api, login, person)
    return {
        "url": login.url,
        "rows": end["counts"],
        "digest": end["digest"],
        "changed_since": has_changed,
        "kept": kept,
        "to_commit": [f"git add -f {os.path.relpath(path, workspace.root_of(directory))}"],
    }


def _pushed(context: Context, api: Api, login: Login, person: consent.Person) -> tuple[Json, bool, str, str]:
    """Send the local board, compare, and set it aside.

    Return the digests, whether the server's board has changed since, and the paths of remote.json and of the database.
    """
    directory = context.directory
    with _held(context, directory), _scratch(directory) as folder:
        state = _manage(context, directory, "state")
        if state["is_shared"]:
            person.agree(
                "This board is shared through git. The other clones keep theirs, but nothing will travel between "
                "them and the server: they have to log in there. Move it all the same?"
            )
        _check_target(api, login, state)
        file, plain = (os.path.join(folder, name) for name in ("board.jsonl", "data.json"))
        end = _manage(context, directory, "export", file, "--plain", plain)["end"]
        answer = _sent(context, api, file)
        if answer["end"] != end:
            raise BadAnswer(f"{login.url} stored another board than was sent; nothing was changed here")
        has_changed = not _is_same(context, api, end, plain, folder)
        if has_changed and not answer["already"]:
            raise BadAnswer(
                f"the board at {login.url} is not the one that was sent; it may have been changed already. "
                f"Nothing was changed here: look at it, and run the same command again"
            )
        database = os.path.join(directory, workspace.DATABASE)
        _empty_log(database)
        path = remote_board.write(directory, login.url, login.board)
        kept = _set_aside(database)
    return end, has_changed, path, kept


def pull(context: Context, url: str | None) -> dict[str, Json]:
    """Bring the board of the team server where the repository is logged in to this repository."""
    login = _login(context, url)
    directory = context.directory
    database = os.path.join(directory, workspace.DATABASE)
    with consent.Person(f"pm board pull {login.url}") as person:
        person.agree(
            f"This brings the board of {login.url} to {workspace.root_of(directory)}, with its history and files. The "
            "server keeps its copy, and runs until its administrator stops it. This repository is logged out. Go on?"
        )
        with _administrator(context, login) as api, _held(context, directory):
            if os.path.lexists(database):
                end = _pulled_before(context, api, directory, login)
            else:
                with _scratch(directory) as folder:
                    end = _fetched(context, api, folder, database)
            remote_board.remove(directory)
    device_login.revoke(context, resolution.team_target(login, {}), login.token)
    team_servers.forget(login.repository, context.environ)
    commit_reports.forget(directory)
    return {"url": login.url, "rows": end["counts"], "digest": end["digest"], "try": "pm server start"}


def _login(context: Context, url: str | None) -> Login:
    """Return the login of the repository at this URL. Raises NeedsPerson, NoServer, RemoteRefused, UsageError."""
    program = context.identity.program
    if program is not None:
        raise NeedsPerson(f"only a person moves a board, not {program.name} ({context.identity.variable} is set)")
    login = context.login
    wanted = resolution.check_url(url, allow_remote=True)[0] if url else None
    if login is None:
        raise NoServer(f"log in first, which this repository has not done: pm login {wanted or 'URL'}")
    if wanted not in (None, login.url):
        raise RemoteRefused(f"this repository is logged in to {login.url}, not to {wanted}")
    remote_board.check(context.directory, login)
    resolution.team_target(login, context.environ)  # refuses a malformed PM_TOKEN before anybody is asked
    return login


@contextmanager
def _administrator(context: Context, login: Login) -> Iterator[Api]:
    """Yield the API with a token that administers the server: PM_TOKEN, else one that a browser approves for now."""
    target = resolution.team_target(login, context.environ)
    issued = None
    if not context.environ.get("PM_TOKEN"):
        context.warn("moving a board needs an administrator's approval, for this command only")

        def check(board: object) -> None:
            _check_board(login, board)

        asking = device_login.server(context, login.url)
        issued = device_login.issue(context, asking, "pm board", SCOPES, check=check)["token"]
        target.token = issued
    headers = TerminalIdentity(context.environ).headers()
    try:
        yield Api(lambda: target, headers=headers, timeout=context.options.timeout, warn=context.warn)
    finally:
        if issued is not None:
            device_login.revoke(context, target, issued)


def _check_board(login: Login, board: object) -> None:
    if board != login.board:
        raise RemoteRefused(
            f"the server at {login.url} has another board than when you logged in ({board}, not {login.board}); "
            "ask its administrator, and if that is right: pm logout"
        )


def _check_target(api: Api, login: Login, state: Json) -> None:
    """Raise RemoteRefused unless the server can take the board."""
    there = api.get(STATE, wanted=("board", "format", "is_empty", "moved_here"))
    _check_board(login, there["board"])
    if there["format"] != FORMAT:
        newer = "this pm" if there["format"] > FORMAT else "the server"
        raise RemoteRefused(f"{login.url} moves boards in format {there['format']}, not {FORMAT}; upgrade {newer}")
    if not there["is_empty"] and (there["moved_here"] or {}).get("board") != state["board"]:
        raise RemoteRefused(f"the board at {login.url} is not empty; a board can only be moved to an empty one")


@contextmanager
def _held(context: Context, directory: str) -> Iterator[None]:
    """Stop the local server, and let no other one start inside the block."""
    info = resolution.live(directory, context.warn)
    if info is not None:
        target = resolution.own_target(info, directory, {}, context.warn)
        headers = context.identity.headers()
        Api(lambda: target, headers=headers, timeout=None, warn=context.warn).call("POST", "/api/v1/server/stop/")
    try:
        os.makedirs(directory, mode=0o700, exist_ok=True)
        held = lock.hold(portfile.lock_path(resolution.port_file(directory)), wait=PATIENCE)
    except lock.LockTaken:
        raise StopFailed("the local server is still running; stop it, and run the same command again") from None
    except OSError as error:
        raise FileRefused(f"{directory} can't be used: {error.strerror}") from None
    with held:
        yield


@contextmanager
def _scratch(directory: str) -> Iterator[str]:
    """Yield a new folder in the config directory, and remove it and what killed commands left."""
    for name in os.listdir(directory):
        if name.startswith(SCRATCH):
            shutil.rmtree(os.path.join(directory, name), ignore_errors=True)
    try:
        with tempfile.TemporaryDirectory(prefix=SCRATCH, dir=directory) as folder:
            yield folder
    except OSError as error:
        raise FileRefused(f"{error.filename or directory}: {error.strerror or error}") from None


def _manage(context: Context, directory: str, *arguments: str) -> Json:
    """Run `pm-manage board_history` on the database in a directory; return its answer. Raises FileRefused."""
    environ = {name: value for name, value in context.environ.items() if name != "PM_DATABASE_URL"}
    done = subprocess.run(
        [sys.executable, launcher.MANAGE, "board_history", *arguments],
        env={**environ, "PM_CONFIG_DIR": directory},
        cwd=directory,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    if done.returncode:
        last = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
        raise FileRefused("".join(last).removeprefix("error: ") or "the local board can't be used")
    return quickjson.loads(done.stdout.strip().rpartition(b"\n")[2])


def _sent(context: Context, api: Api, path: str) -> Json:
    with open(path, "rb") as file:
        size = file.seek(0, os.SEEK_END)
        with progress.shown(context, "push", size) as advance:
            return _whole(
                lambda: api.upload(
                    transfers.HISTORY,
                    Upload(file, advance),
                    transfers.patience(context),
                    {"Content-Type": transfers.HISTORY_TYPE},
                )
            )


def _whole(request: Callable[[], Json]) -> Json:
    """Return the answer of a request; say after a failure of the connection that it may be repeated."""
    try:
        return request()
    except (BadAnswer, NoServer, Unresponsive) as error:
        raise type(error)(f"{error}; {AGAIN}") from None


def _is_same(context: Context, api: Api, end: Json, plain: str, folder: str) -> bool:
    """Return True if the digests of the server's board are these, and its export is byte for byte this one."""
    if api.get(DIGESTS) != end:
        return False
    there = os.path.join(folder, "there.json")
    with open(there, "xb") as file:
        api.download(transfers.EXPORT, Sink(file), transfers.patience(context))
    return filecmp.cmp(plain, there, shallow=False)


def _empty_log(database: str, patience: float = 5) -> None:
    """Write the database's log into it, so that a kill between the renames separates nothing. Raises FileRefused."""
    import sqlite3

    try:
        with closing(sqlite3.connect(database, timeout=patience)) as connection:
            [is_busy, *_] = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    except sqlite3.Error as error:
        raise FileRefused(f"{database} can't be set aside: {error}") from None
    if is_busy:
        raise FileRefused(
            f"another program has {database} open, so it can't be set aside; end that, and run the same command again"
        )


def _set_aside(database: str) -> str:
    """Rename the database, and make it read-only; return its new path. Raises FileRefused."""
    kept = f"{database}.moved-{backups.now()}"
    try:
        os.rename(database, kept)
        for suffix in ("-wal", "-shm"):
            if os.path.lexists(database + suffix):
                os.rename(database + suffix, kept + suffix)
        os.chmod(kept, 0o400)
    except OSError as error:
        raise FileRefused(f"{database} can't be set aside: {error.strerror}") from None
    return kept


def _fetched(context: Context, api: Api, folder: str, database: str) -> Json:
    """Fill a new database with the server's board, compare both, and give it its name; return the digests."""
    source, plain = (os.path.join(folder, name) for name in ("board.jsonl", "data.json"))
    with open(source, "x+b") as file, progress.counted(context, "bytes received", file.tell):
        _whole(lambda: transfers.download_history(context, api, file))
    staged = os.path.join(folder, "staged")
    os.mkdir(staged, 0o700)
    end = _manage(context, staged, "load", source, "--plain", plain)["end"]
    if not _is_same(context, api, end, plain, folder):
        raise BadAnswer("the board was changed at the server while it was read; run the same command again")
    new = os.path.join(staged, workspace.DATABASE)
    backups.fold_in(new)
    os.rename(new, database)
    return end


def _pulled_before(context: Context, api: Api, directory: str, login: Login) -> Json:
    """Return the digests if the local board is what an interrupted command brought. Raises FileRefused."""
    end = api.get(DIGESTS)
    came = _manage(context, directory, "state")["moved_here"] or {}
    if (came.get("board"), came.get("digest")) != (login.board, end["digest"]):
        raise FileRefused(f"there is a local board in {directory}; a board is brought only to a place without one")
    return end


def _moved_before(directory: str) -> str:
    moved = (name for name in os.listdir(directory) if name.startswith(f"{workspace.DATABASE}.moved-"))
    kept = sorted(name for name in moved if not name.endswith(("-wal", "-shm")))
    return f"; it was moved, and set aside as {kept[-1]}" if kept else ""
