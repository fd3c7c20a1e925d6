"""Default to the board's only project if the command line names none."""

from __future__ import annotations

from projects.client.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from projects.client.context import Context

MAX_NAMED = 20


def project_of(context: Context, given: str | None) -> str:
    """Return `given`, else the board's only project. Raises UsageError, ClientError."""
    if given:
        return given
    query = {"fields": "key", "ordering": "key", "limit": MAX_NAMED + 1}
    keys = [str(row["key"]) for row in context.api.get("/api/v1/projects/", query, wanted=("results",))["results"]]
    if len(keys) == 1:
        return keys[0]
    if not keys:
        raise UsageError("the board has no project; create one: pm project create TITLE")
    more = ", …" if len(keys) > MAX_NAMED else ""
    names = ", ".join(keys[:MAX_NAMED]) + more
    raise UsageError(f"the board has several projects; name one of: {names}", field="project")


def existing(context: Context, given: str | None) -> str:
    """Return `given`, which must exist, else the board's only project, before a person is asked about it."""
    if given:
        from projects.client.api import quote

        context.api.get(f"/api/v1/projects/{quote(given)}/", wanted=("key",))
    return project_of(context, given)
