"""Hide the rows of projects in which the caller has no role, for every query of a request.

Each SELECT that a request runs gets, for each table of a project that it names, a common table expression of the same
name with only the visible rows: `WITH "projects_comment" AS (SELECT * FROM main."projects_comment" WHERE …) SELECT …`.
It stands in for the table in every part of the statement, on SQLite and on PostgreSQL. So lists, counts, searches,
statistics, exports and pages need no filter of their own, and a new query can't forget one. Writes are not narrowed:
`projects.team.roles` checks them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import TYPE_CHECKING

from django.db.backends.signals import connection_created

from projects.engine import dialect
from projects.entities.registry import BY_NAME, ENTITIES
from projects.loose_types import Framework
from projects.models.base import Entity
from projects.models.rights import current

if TYPE_CHECKING:
    from uuid import UUID

    from django.db.backends.base.base import BaseDatabaseWrapper

_TABLE = re.compile(r"\bprojects_\w+")
_SELECT = re.compile(r"\A[\s(]*(?:SELECT|WITH(\s+RECURSIVE)?)\b", re.IGNORECASE)
_ITEM = "{column} IN (SELECT id FROM {schema}.projects_workitem WHERE {projects})"
# The key in a message begins with that of a project; the next character after "-" is ".".
_NAMING = (
    "EXISTS (SELECT 1 FROM {{schema}}.projects_project named WHERE {{keys}} AND {table}.key >= named.key || '-' "
    "AND {table}.key < named.key || '.')"
)
# Tables that belong to no entity, and which of their rows are visible. `{projects}` is a condition on `project_id`.
OTHERS = {
    "projects_activity": "{projects}",
    "projects_itemcount": "{projects}",
    "projects_searchshown": "{projects}",
    "projects_tombstone": "{projects}",
    "projects_numberblock": "{projects}",
    "projects_membership": "{projects}",
    "projects_itemlabel": _ITEM.replace("{column}", "work_item_id"),
    "projects_openedrun": _ITEM.replace("{column}", "work_item_id"),
    "projects_reportedtree": _ITEM.replace("{column}", "item_id"),
    "projects_formerkey": _ITEM.replace("{column}", "item_id"),
    "projects_pendingnote": f"item_id IS NULL OR {_ITEM.replace('{column}', 'item_id')}",
    "projects_checkapproval": "check_id IN (SELECT id FROM {schema}.projects_check WHERE {projects})",
    "projects_lostchange": "activity_id IN (SELECT id FROM {schema}.projects_activity WHERE {projects})",
    "projects_commitmention": _NAMING.format(table="projects_commitmention"),
    "projects_renumberedcommit": _NAMING.format(table="projects_renumberedcommit"),
    "projects_commit": (
        "sha IN (SELECT mention.commit_id FROM {schema}.projects_commitmention mention "
        "JOIN {schema}.projects_project named ON {keys} AND mention.key >= named.key || '-' "
        "AND mention.key < named.key || '.')"
    ),
    # A session is visible by what it did; one that did nothing yet, to its own user.
    "projects_session": (
        "EXISTS (SELECT 1 FROM {schema}.projects_activity done WHERE done.session = projects_session.id "
        "AND done.session <> '' AND {projects}) OR ({mine} AND NOT EXISTS (SELECT 1 "
        "FROM {schema}.projects_activity done WHERE done.session = projects_session.id AND done.session <> ''))"
    ),
}
# Tables that everybody may read through the queries of the server, and why.
OPEN = {
    "projects_user": "names of users are shown wherever somebody can be assigned",
    "projects_user_groups": "rights of Django's admin, which only administrators open",
    "projects_user_user_permissions": "as above",
    "projects_apitoken": "views list those of the caller",
    "projects_devicecode": "found by a secret",
    "projects_loginticket": "found by a secret; a team's server makes none",
    "projects_idempotentanswer": "found by the caller and a key",
    "projects_attachmentcontent": "found through an attachment",
    "projects_boardidentity": "the ID of the board",
    "projects_boardmove": "where the board came from",
    "projects_defaultrole": "no row of a project",
    "projects_commitindex": "how far the repository was read",
    "projects_searchentry": "IDs, which name no row that the others hide",
    "projects_search": "found rows are joined with those of the tables above",
    **dict.fromkeys(
        (
            *("projects_search_config", "projects_search_content", "projects_search_data"),
            *("projects_search_docsize", "projects_search_idx"),
        ),
        "SQLite's own tables of the search index",
    ),
    **dict.fromkeys(
        (
            *("projects_syncadvance", "projects_syncboard", "projects_syncchain", "projects_syncgroup"),
            *("projects_syncindex", "projects_syncoutbox", "projects_syncrecord", "projects_syncuser"),
        ),
        "only administrators synchronise a team's board",
    ),
}


def _condition_of(entity_name: str, column: str = "id") -> str:
    """Return which rows of an entity are visible: those that, up to their project, belong to a visible one."""
    spec = BY_NAME[entity_name]
    owner = spec.owner
    if owner is None:
        return "{ids}"  # a project
    if owner.refers == "project":
        return "{projects}"
    above = Entity.by_type[owner.refers]._meta.db_table
    return f"{owner.column} IN (SELECT id FROM {{schema}}.{above} WHERE {_condition_of(owner.refers)})"  # noqa: S608 -- names of ours


@lru_cache(maxsize=1)
def conditions() -> dict[str, str]:
    """Return which rows of each table are visible."""
    own = {Entity.by_type[entity.name]._meta.db_table: _condition_of(entity.name) for entity in ENTITIES}
    return own | OTHERS


@lru_cache(maxsize=2048)
def _narrowable(sql: str) -> tuple[re.Match[str] | None, tuple[str, ...]]:
    """Return how the statement begins, if it only reads, and the tables in it whose rows may be hidden."""
    names = dict.fromkeys(_TABLE.findall(sql))
    return _SELECT.match(sql), tuple(name for name in names if name in conditions())


class RowFilter:
    """Shows only the rows of some projects."""

    def __init__(self, projects: Iterable[UUID], identities: Iterable[UUID]) -> None:
        self._parts = {
            "projects": _among("project_id", projects),
            "ids": _among("id", projects),
            "keys": _among("named.id", projects),
            "mine": _among("actor_id", identities),
        }
        self._made: dict[str, str] = {}

    def narrowed(self, sql: str) -> str:
        """Return the statement over the visible rows only."""
        beginning, tables = _narrowable(sql)
        if beginning is None or not tables:
            return sql
        visible = ", ".join(self._made.get(name) or self._make(name) for name in tables)
        if beginning[0].lstrip(" \n\t(")[:4].upper() == "WITH":
            return f"WITH RECURSIVE {visible}, {sql[beginning.end() :]}"
        return f"WITH {visible} {sql}"

    def _make(self, name: str) -> str:
        schema = dialect.SCHEMA
        condition = conditions()[name].format(schema=schema, **self._parts)
        self._made[name] = f'"{name}" AS NOT MATERIALIZED (SELECT * FROM {schema}."{name}" AS {name} WHERE {condition})'  # noqa: S608 -- names of ours, digits of IDs
        return self._made[name]


def _among(column: str, ids: Iterable[UUID]) -> str:
    texts = ", ".join(f"'{pk.hex}'" for pk in sorted(ids))
    return f"{column} IN ({texts})" if texts else "1 = 0"


def narrow(execute: Callable[..., Framework], sql: str, *rest: Framework) -> Framework:
    """Run a statement of a request over the rows that it may see; a wrapper of all statements of a connection."""
    rights = current.get()
    rows: RowFilter | None = getattr(rights, "rows", None)
    return execute(sql if rows is None else rows.narrowed(sql), *rest)


def watch(connection: BaseDatabaseWrapper, **kwargs: object) -> None:
    """Narrow the statements of a connection from now on."""
    if narrow not in connection.execute_wrappers:
        connection.execute_wrappers.append(narrow)


def connect() -> None:
    """Narrow the statements of every connection that this process opens."""
    connection_created.connect(watch, dispatch_uid="projects.team.row_filter")
