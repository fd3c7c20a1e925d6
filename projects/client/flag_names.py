"""The flags of a command in place of the API's field names, in the message of a refusal. Only imported after one."""

from __future__ import annotations

from projects.client.argv import settings_of
from projects.entities.registry import ENTITIES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from projects.client.argv import Option
    from projects.client.errors import ApiError

OTHERS = {"default_at": "--after"}  # flags of short verbs whose names are not in the description


def name_flags(error: ApiError, given: Sequence[Option]) -> None:
    """Let the message name the flag that set the refused field, if the command has one of another name."""
    field, message = error.error.get("field"), error.error.get("message")
    if not isinstance(field, str) or not isinstance(message, str):
        return
    flag = _flag_of(field.partition(".")[0], given)
    if flag and message.startswith(f"{field}: "):
        error.error["message"] = f"{flag}: {message[len(field) + 2 :]}"


def _flag_of(name: str, given: Sequence[Option]) -> str:
    known = settings_of(given)
    flags = [f"--{field.flag}" for entity in ENTITIES for field in entity.fields if name in (field.name, field.column)]
    for flag in (*flags, f"--{name.replace('_', '-')}", OTHERS.get(name, "")):
        if flag in known:
            return flag
    return ""
