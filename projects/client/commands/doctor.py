"""`pm doctor`: find problems and suggest fixes."""

from __future__ import annotations

from projects.client.doctor import examine
from projects.client.errors import Unhealthy
from projects.client.grammar import Verb

TYPE_CHECKING = False
if TYPE_CHECKING:
    from projects.client.context import Context


def doctor(context: Context) -> None:
    """Print the results of all checks; fail if a check failed."""
    context.autostart = context.compares_versions = False
    checks = examine(context)
    context.show({"checks": checks})
    failed = [check["name"] for check in checks if check["status"] == "fail"]
    if failed:
        raise Unhealthy(f"failed checks: {', '.join(failed)}")


VERB = Verb("", "Check the directory, the server, the database and the versions.", doctor)
