"""Entry points of `manage.py`, `pm-manage` and `pm`."""

from __future__ import annotations

import errno
import gc
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import NoReturn

HOME = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
# Only these commands may create the config directory.
MAKERS = ("migrate", "runserver_discover")
OUT_OF_MEMORY = "error: out of memory; allow this process more (ulimit -v, or the container's limit)"


def client() -> NoReturn:
    """Run the `pm` client without importing Django: an agent calls it hundreds of times a day."""
    _outrank_working_directory()
    from projects.client.cli import main as run

    run(sys.argv[1:])


def main() -> None:
    """Run a management command; `pm` goes straight to the client."""
    if sys.argv[1:2] == ["pm"]:
        del sys.argv[1]
        client()
    _outrank_working_directory()
    _unmask_owner()
    _open_missing_streams()
    _reset_signals()
    # Not setdefault: the served repository may be a Django site that exports its own settings module.
    os.environ["DJANGO_SETTINGS_MODULE"] = "pmsite.settings"
    from pmsite.config import ConfigError, misspelt
    from projects import storage, workspace

    if sys.argv[1:2] == ["runserver_discover"]:
        os.environ.pop("PM_DATABASE_URL", None)  # the commands that it starts are about the local board too
    try:
        if _is_for_team(sys.argv[1:2]):
            _choose_team_settings()
        if sys.argv[1:2] and sys.argv[1] in MAKERS and not {"-h", "--help"} & set(sys.argv) and not _is_on_postgres():
            os.umask(0o077)
            directory = workspace.find()
            created = workspace.create(directory)
            storage.choose_temporary_directory(directory)
            for warning in filter(None, (created, *_examine(directory), *misspelt())):
                print(f"warning: {warning}", file=sys.stderr)
            if sys.argv[1] == "runserver_discover":
                _warn_of_conflicts()
                gc.disable()  # until the server has loaded all modules: collections would take a tenth of the start
        _execute()
    except (ConfigError, workspace.WorkspaceError) as error:
        sys.exit(f"error: {error}")
    except MemoryError:
        sys.exit(OUT_OF_MEMORY)
    except OSError as error:
        if error.errno != errno.ENOMEM:
            raise
        sys.exit(OUT_OF_MEMORY)


def _is_for_team(command: list[str]) -> bool:
    """Return True for a command about the board of a lasting server; the local server ignores its variables."""
    return command == ["serve"] or "PM_DATABASE_URL" in os.environ


def _choose_team_settings() -> None:
    """Use the settings and the database of a lasting server. Raises ConfigError."""
    from pmsite import team_environment

    team_environment.check_extra()
    os.environ["PM_CONFIG_DIR"] = directory = team_environment.directory(os.environ)
    if team_environment.is_postgres(os.environ):
        os.makedirs(directory, 0o700, exist_ok=True)
    team_environment.secret_key(os.environ)
    os.environ["DJANGO_SETTINGS_MODULE"] = "pmsite.team"


def _is_on_postgres() -> bool:
    """Return True for a command about a board on PostgreSQL, which has no folder of its own."""
    return (
        os.environ["DJANGO_SETTINGS_MODULE"] == "pmsite.team"
        and "PM_DATABASE_URL" in os.environ
        and (os.environ["PM_DATABASE_URL"].startswith("postgres"))
    )


def _examine(directory: str) -> Iterator[str]:
    """Yield warnings about the config directory. Raises WorkspaceError if it is unsafe to serve."""
    from projects import board_record, git_secrets, git_tracking, storage, workspace

    workspace.refuse_hostile(directory)
    database = os.path.join(directory, "data.db")
    if os.path.lexists(database) and (trouble := storage.inaccessible(database)):
        raise workspace.WorkspaceError(f"{database} can't be used: {'; '.join(trouble)}")
    git_secrets.refuse_tracked(directory)
    yield board_record.remark(directory)
    yield git_secrets.replace_known_key(directory)
    if git_tracking.ignored(directory, workspace.LOCAL_FILES) is False:
        yield f"{directory}/.gitignore does not hide the secrets from git; to see the fix: pm doctor"


def _warn_of_conflicts() -> None:
    from projects.client import installation

    for conflict in installation.conflicts():
        print(f"warning: {conflict.message}; see: pm doctor", file=sys.stderr)


def _execute() -> None:
    from django.core.management import execute_from_command_line
    from django.db import OperationalError, ProgrammingError

    try:
        execute_from_command_line(sys.argv)
    except OperationalError as error:
        missing = "no such table" in str(error) or "unable to open" in str(error)
        advice = f"; create it: {sys.argv[0]} migrate" if missing and sys.argv[1:2] != ["migrate"] else ""
        sys.exit(f"error: can't use the database: {error}{advice}")
    except ProgrammingError as error:
        reason = str(error).partition("\n")[0]
        if not reason.startswith("relation ") or not reason.endswith(" does not exist"):
            raise
        sys.exit(f"error: can't use the database: {reason}; create it: {sys.argv[0]} migrate")


def _outrank_working_directory() -> None:
    """Import our packages ahead of a `projects/` that PYTHONPATH or `-m` puts first."""
    if sys.path[:1] != [HOME]:
        sys.path.insert(0, HOME)


def _open_missing_streams() -> None:
    from discovery import standard_streams

    standard_streams.open_missing()


def _reset_signals() -> None:
    from discovery import process

    process.reset_signals()


def _unmask_owner() -> None:
    """Clear the owner bits of the umask, so that pm can use the files it creates."""
    os.umask(os.umask(0o077) & ~0o700)


if __name__ == "__main__":
    main()
