"""Read query parameters that several views share. A wrong value is a ValidationError that names the parameter."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from drf_spectacular.utils import OpenApiParameter
from rest_framework import exceptions
from rest_framework.request import Request
from rest_framework.settings import api_settings

from projects.api.json_format import JSONObject
from projects.insights import days
from projects.models import Project

MAX_LIMIT = 1000  # rows
MAX_ZONE = 64  # characters
ZONE = OpenApiParameter("zone", str, description="The time zone of all days, such as Europe/Berlin; default UTC.")
BOOLEANS = {"true": True, "false": False}


def limit_schema() -> JSONObject:
    """Return the OpenAPI schema of `limit`."""
    return {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": api_settings.PAGE_SIZE}


def read_limit(request: Request, default: int | None = None, highest: int = MAX_LIMIT) -> int:
    """Return the maximum number of rows; without a `default` it is the setting PAGE_SIZE."""
    found = read_number(request, "limit", 1, highest)
    return int(found or default or api_settings.PAGE_SIZE or highest)


def read_number(request: Request, name: str, low: int, high: int) -> int | None:
    """Return an integer from `low` to `high`, both inclusive; None if the parameter is missing."""
    text = request.query_params.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(high)) and low <= int(text) <= high):
        raise exceptions.ValidationError({name: f"must be a whole number from {low} to {high}"})
    return int(text)


def read_boolean(request: Request, name: str) -> bool:
    """Return a boolean, False if the parameter is missing."""
    found = BOOLEANS.get(request.query_params.get(name, "false"))
    if found is None:
        raise exceptions.ValidationError({name: "must be true or false"})
    return found


def read_zone(request: Request) -> ZoneInfo:
    """Return the time zone `zone`, by default UTC."""
    name = request.query_params.get("zone", days.UTC)
    zone = days.read_zone(name) if len(name) <= MAX_ZONE else None
    if zone is None:
        raise exceptions.ValidationError({"zone": f"is not a time zone such as Europe/Berlin: {name[:MAX_ZONE]}"})
    return zone


def read_project(request: Request, *, include_deleted: bool = False) -> Project | None:
    """Return the living project that `project` names by ID or key; None if the parameter is missing.

    With `include_deleted`, a name that no living project has names the one that was deleted last.
    """
    name = request.query_params.get("project")
    if name is None:
        return None
    project = Project.objects.living_named(name)
    if project is None and include_deleted:
        project = Project.objects.identified_by(name).order_by("-deleted_at").first()
    if project is None:
        raise exceptions.ValidationError({"project": f"there is no project {name}"})
    return project
