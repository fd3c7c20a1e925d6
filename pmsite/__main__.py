"""The body of `manage.py`, `pm-manage` and `pm`."""

from __future__ import annotations

import os
import sys

HOME = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
# They may make the config directory; every other command leaves the tree as it is.
MAKERS = ("migrate", "runserver_discover")


def client() -> None:
    """Run the `pm` client: no Django, for an agent calls it hundreds of times a day."""
    _outrank_working_directory()
    from projects.client.cli import main as run

    sys.exit(run(sys.argv[1:]))


def main() -> None:
    """Run a management command; `pm` goes straight to the client."""
    if sys.argv[1:2] == ["pm"]:
        del sys.argv[1]
        client()
    _outrank_working_directory()
    # Not setdefault: the repository we serve may be a Django site that exported its own.
    os.environ["DJANGO_SETTINGS_MODULE"] = "pmsite.settings"
    from pmsite.config import ConfigError, misspelt
    from projects import workspace

    try:
        if sys.argv[1:2] and sys.argv[1] in MAKERS and not {"-h", "--help"} & set(sys.argv):
            os.umask(0o077)
            directory = workspace.find()
            workspace.create(directory)
            workspace.refuse_hostile(directory)
            if workspace.ignored_by_git(directory) is False:
                print(f"warning: {directory}/.gitignore lets git see secrets; mend it: pm doctor", file=sys.stderr)
            for warning in misspelt():
                print(f"warning: {warning}", file=sys.stderr)
            if sys.argv[1] == "runserver_discover":
                _warn_of_conflicts()
        _execute()
    except (ConfigError, workspace.WorkspaceError) as error:
        sys.exit(f"error: {error}")


def _warn_of_conflicts() -> None:
    from projects.client import installation

    for conflict in installation.conflicts():
        print(f"warning: {conflict.message}; see: pm doctor", file=sys.stderr)


def _execute() -> None:
    from django.core.management import execute_from_command_line
    from django.db import OperationalError

    try:
        execute_from_command_line(sys.argv)
    except OperationalError as error:
        missing = "no such table" in str(error) or "unable to open" in str(error)
        advice = f"; make it: {sys.argv[0]} migrate" if missing else ""
        sys.exit(f"error: the database can't be used: {error}{advice}")


def _outrank_working_directory() -> None:
    """Let our packages win over a `projects/` that PYTHONPATH or `-m` puts first."""
    if sys.path[:1] != [HOME]:
        sys.path.insert(0, HOME)


if __name__ == "__main__":
    main()
