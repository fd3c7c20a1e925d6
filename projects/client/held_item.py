"""Default to the item that this session holds if the command line names none."""

from __future__ import annotations

from projects.client.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from projects.client.context import Context


def held_item(context: Context, verb: str) -> str:
    """Return the key of the only item that this session holds. Raises UsageError if it holds none or several."""
    session = context.api.get("/api/v1/whoami/", wanted=("actor",)).get("session") or {}
    live = context.api.get("/api/v1/sessions/", wanted=("sessions",))["sessions"]
    keys = [item["key"] for row in live if row["id"] == session.get("id") for item in row["items"]]
    if len(keys) == 1:
        return str(keys[0])
    if not keys:
        raise UsageError(f"this session holds no item; name one: pm {verb} KEY")
    commands = [f"pm {verb} {key}" for key in sorted(keys)]
    raise UsageError(f"this session holds {', '.join(sorted(keys))}; name the one that is meant", **{"try": commands})
