"""Memberships: the roles of users in the projects of a team's server.

They are no part of a board: ENTITIES lacks them, so that no export, log or local server knows them.
"""

from __future__ import annotations

from projects.entities.spec import CHOICE, MOMENT, PERSON, REFERENCE, REQUIRED, Entity, Field

VIEWER, MEMBER, MAINTAINER = ROLES = ("viewer", "member", "maintainer")
NO_ROLE = "none"
DEFAULT_ROLES = (NO_ROLE, VIEWER, MEMBER)  # a maintainer is always chosen explicitly

MEMBERSHIP = Entity(
    "member",
    "members",
    fields=(
        Field("project", REFERENCE, refers="project", fixed=True, shows_key=True, exported=False),
        Field("user", PERSON, "name of a user", create=REQUIRED, fixed=True, exported=False),
        Field("role", CHOICE, "what the user may do", choices=ROLES, create=REQUIRED, update=True, exported=False),
        Field("given_by", PERSON, null=True, exported=False),
        Field("given_at", MOMENT, exported=False),
    ),
    slim=("id", "project", "user", "role", "given_by", "given_at"),
    columns=("user", "role", "project", "given_by"),
    ordering=("user",),
)
