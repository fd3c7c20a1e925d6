"""Who may read and write what on a team's server, decided here and nowhere else.

A role counts in one project. Viewers read; members do ordinary work; maintainers change the project itself, its
columns, labels, checks, policies and members. Administrators (superusers) run the server: they are maintainers
everywhere, and they alone create projects. Who has no role in a project doesn't see that it exists:
`projects.team.row_filter` hides its rows. What a request writes is checked twice with the tables below: by its route,
before anything is read, and by each row, in the one place where the models write (`projects.models.rights`). Besides,
`projects.team.row_filter` keeps every UPDATE and DELETE to projects in which the caller is at least a member.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from functools import cached_property
from typing import TYPE_CHECKING
from uuid import UUID
from zlib import crc32

from projects.entities.registry import ENTITIES
from projects.models.activity import Action
from projects.models.exceptions import NotYours
from projects.models.membership import Membership
from projects.models.rights import unrestricted
from projects.models.time_entry import TimeEntry
from projects.team.row_filter import RowFilter

if TYPE_CHECKING:
    from projects.loose_types import FieldValue
    from projects.models import ApiToken, User
    from projects.models.base import Entity


class Role(IntEnum):
    """Each role may do what those before it may."""

    NONE = 0
    VIEWER = 1
    MEMBER = 2
    MAINTAINER = 3
    ADMINISTRATOR = 4

    @property
    def label(self) -> str:
        """The word of the API and the pages."""
        return self.name.lower()


def named(label: str) -> Role:
    """Return the role with this name."""
    return Role[label.upper()]


# Who may write an entity; everybody who may see it may read it.
WRITERS = dict.fromkeys((entity.name for entity in ENTITIES), Role.MEMBER) | {
    **dict.fromkeys(("project", "swim_lane", "label", "check"), Role.MAINTAINER),
    "member": Role.MAINTAINER,
}
# Routes of the API whose requests need more than reading needs, whatever their method.
ADMINISTRATIVE = (
    "import",
    "import-from",
    "import-progress",
    "backup",
    "server",
    "server-stop",
    "login-links",
    "board-digests",
    "board-history",
)
# Writes to the API whose routes are not named after an entity, or that need another role than its other writes.
API = {"project-list": Role.ADMINISTRATOR, "members": WRITERS["member"]}
# Writes that only change what the server remembers of the caller: anybody who is signed in may send them.
PERSONAL = (
    *("news-seen", "session-end", "token", "own-tokens", "device"),
    *("inbox-notifications", "look", "preview", "live", "login", "logout", "signed-out"),
    *("oidc", "openid_connect_callback"),
)
# Pages that need a role even to be read. Pages of settings show others no buttons.
PAGES = {
    **dict.fromkeys(("sync", "restore", "restore-look"), Role.ADMINISTRATOR),
    **dict.fromkeys(("new-item", "new-item-dialog", "item-field"), Role.MEMBER),
    "project-key": Role.ADMINISTRATOR,
}
# What a form of a page needs, where it is not ordinary work.
FORMS = {
    **dict.fromkeys(("board-columns", "board-columns-order", "board-column"), Role.MAINTAINER),
    **dict.fromkeys(("project-delete", "project-restore", "settings-policies", "settings-project"), Role.MAINTAINER),
    **dict.fromkeys(("settings-labels", "settings-check-add", "settings-check", "settings-members"), Role.MAINTAINER),
    **dict.fromkeys(("settings-projects", "project-example", "settings-default-role"), Role.ADMINISTRATOR),
    **dict.fromkeys(("settings-active", "settings-kind", "settings-kinds"), Role.ADMINISTRATOR),
    **dict.fromkeys(("sync-enable", "sync-run", "sync-change", "sync-disable"), Role.ADMINISTRATOR),
    **dict.fromkeys(("restore", "restore-look"), Role.ADMINISTRATOR),
}
SAFE = ("GET", "HEAD", "OPTIONS")


def needed_by_api(route: str, method: str) -> Role:
    """Return the role that a request of the API needs in some project; `route` is the name of its URL."""
    if route in ADMINISTRATIVE or route.startswith("sync"):
        return Role.ADMINISTRATOR
    if method in SAFE or route in PERSONAL:
        return Role.NONE
    if route in API:
        return API[route]
    basename = route.partition("-")[0]
    return next((role for name, role in WRITERS.items() if name.replace("_", "") == basename), Role.MEMBER)


def needed_by_page(route: str, method: str) -> Role:
    """Return the role that a page or a form needs in the project that its URL names, or in some project."""
    if method in SAFE:
        return PAGES.get(route, Role.NONE)
    return Role.NONE if route in PERSONAL else FORMS.get(route, Role.MEMBER)


class Access:
    """What one request may do: the rights of its user, and no more than its token and its agent have."""

    def __init__(
        self,
        roles: Mapping[UUID, Role],
        *,
        default: Role = Role.NONE,
        is_administrator: bool = False,
        only: frozenset[UUID] | None = None,
        agent: Mapping[UUID, Role] | None = None,
        identities: tuple[UUID, ...] = (),
    ) -> None:
        self.roles = roles
        self.default = Role.MAINTAINER if is_administrator else default
        self.is_administrator = is_administrator and only is None
        self.only = only
        self.agent = agent or {}
        self.identities = identities

    @classmethod
    def of(cls, user: User, *, token: ApiToken | None = None, agent: User | None = None) -> Access:
        """Return the rights of a user, through a token, for which an agent acts.

        An agent with a role of its own in a project has the smaller of the two there; one without has the user's.
        """
        is_administrator = user.is_superuser or (user.is_agent and token is not None and token.has("admin"))
        with unrestricted():  # or else nobody would have a role
            roles, default = ({}, Role.NONE) if is_administrator else _roles_of(user)
            return cls(
                roles,
                default=default,
                is_administrator=is_administrator,
                only=token.project_ids if token is not None else None,
                agent=_roles_of(agent)[0] if agent is not None and agent.pk != user.pk else None,
                identities=(user.pk, *([agent.pk] if agent is not None else [])),
            )

    def role_in(self, project_id: UUID) -> Role:
        """Return the role in a project."""
        if self.only is not None and project_id not in self.only:
            return Role.NONE
        own = self.default if self.default == Role.MAINTAINER else self.roles.get(project_id, self.default)
        return min(own, self.agent.get(project_id, own))

    @cached_property
    def highest(self) -> Role:
        """The highest role in any project."""
        if self.is_administrator:
            return Role.ADMINISTRATOR
        known = {*self.roles, *(self.only or ()), *self.agent}
        anywhere = self.default if self.only is None else Role.NONE
        return max([anywhere, *map(self.role_in, known)])

    @cached_property
    def rows(self) -> RowFilter | None:
        """What hides the rows of other projects; None if there is nothing to hide."""
        if self.only is None and self.default >= Role.VIEWER:
            return None
        known = self.only if self.only is not None else self.roles.keys()
        return RowFilter([pk for pk in known if self.role_in(pk) >= Role.VIEWER], self.identities)

    @cached_property
    def writable(self) -> RowFilter | None:
        """What keeps every UPDATE and DELETE to the projects in which one works; None for administrators."""
        if self.is_administrator:
            return None
        known = {*self.roles, *(self.only or ()), *self.agent}
        if self.only is None and self.default >= Role.MEMBER:
            return RowFilter([pk for pk in known if self.role_in(pk) < Role.MEMBER], self.identities, is_except=True)
        return RowFilter([pk for pk in known if self.role_in(pk) >= Role.MEMBER], self.identities)

    def check(self, entity: Entity, action: Action, values: Mapping[str, FieldValue]) -> None:
        """Raise NotYours unless the request may write the entity."""
        if entity.entity_type == "project" and action == Action.CREATED:
            self.require(Role.ADMINISTRATOR)
        elif not _stops_own_timer(entity, action, values, self.identities):
            self.check_project(entity.project_id, entity.entity_type)

    def check_project(self, project_id: UUID, entity_type: str) -> None:
        """Raise NotYours unless the request may write rows of this type in the project."""
        needed, role = WRITERS[entity_type], self.role_in(project_id)
        if role < needed:
            raise NotYours(_refusal(needed, role))

    def may_write(self, project_id: UUID | None, entity_type: str) -> bool:
        """Return True if the request may write rows of this type in the project, or with None in any."""
        return (self.highest if project_id is None else self.role_in(project_id)) >= WRITERS[entity_type]

    def digest(self) -> str:
        """Return a short text that changes with the roles."""
        roles = sorted((pk.hex, int(role)) for pk, role in self.roles.items())
        return f"{crc32(repr((int(self.default), self.is_administrator, roles)).encode()):x}"

    def require(self, needed: Role, role: Role | None = None) -> None:
        """Raise NotYours unless the role, or the highest one, is enough."""
        role = self.highest if role is None else role
        if role < needed:
            raise NotYours(_refusal(needed, role))


NOBODY = Access({})  # before it is known who makes a request


def _roles_of(user: User) -> tuple[dict[UUID, Role], Role]:
    roles, default = Membership.objects.roles_of(user)
    return {project: named(role) for project, role in roles.items()}, named(default)


def _stops_own_timer(
    entity: Entity, action: Action, values: Mapping[str, FieldValue], identities: tuple[UUID, ...]
) -> bool:
    """Return True for a timer that stops because its user starts another one, in a project of a higher role."""
    return isinstance(entity, TimeEntry) and values.keys() == {"ended_at"} and entity.user_id in identities


def _refusal(needed: Role, role: Role) -> str:
    if needed == Role.ADMINISTRATOR:
        return "only an administrator of this server can do this"
    if role == Role.NONE:
        return f"you have no role in a project that allows this; a {needed.label} can do it"
    return f"you are a {role.label} of this project, and this needs a {needed.label}; its maintainers give roles"
