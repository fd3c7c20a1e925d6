"""Keep every statement of a request to the rows that its caller may see and write.

Each SELECT that a request runs gets, for each table of a project that it names, a common table expression of the same
name with only the visible rows: `WITH "projects_comment" AS (SELECT * FROM main."projects_comment" WHERE …) SELECT …`.
It stands in for the table in every part of the statement, on SQLite and on PostgreSQL. So lists, counts, searches,
statistics, exports and pages need no filter of their own, and a new query can't forget one.

Each UPDATE and DELETE gets one more condition: `UPDATE projects_comment SET … WHERE (row is writable) AND (…)`. So a
write that forgets to ask for the role changes nothing where the caller is not at least a member; `projects.team.roles`
decides what a member may change. An INSERT names its project in its values, so only tables whose writers ask for the
role take one: `INSERTED`. A statement of any other form that names such a table is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from django.db.backends.signals import connection_created

from projects.engine import dialect
from projects.entities.registry import BY_NAME, ENTITIES
from projects.loose_types import Framework
from projects.models.base import Entity
from projects.models.rights import current

if TYPE_CHECKING:
    from uuid import UUID

_TABLE = re.compile(r"\bprojects_\w+")
_SELECT = re.compile(r"\A[\s(]*(?:SELECT|WITH(\s+RECURSIVE)?)\b", re.IGNORECASE)
_CHANGE = re.compile(r'\A\s*(?:UPDATE|DELETE\s+FROM)\s+"?(\w+)"?(?=\s+(?:SET|WHERE|RETURNING)\b|\s*\Z)', re.IGNORECASE)
_INSERT = re.compile(r'\A\s*INSERT\s+(?:OR\s+IGNORE\s+)?INTO\s+"?(\w+)"?', re.IGNORECASE)
_READING_INSERT = re.compile(r"\bFROM\b|\bDO\s+UPDATE\b", re.IGNORECASE)
_WRITING = re.compile(r'\bINSERT\s+INTO\b|\bDELETE\s+FROM\b|\bUPDATE\s+"?projects_', re.IGNORECASE)
_TOKEN = re.compile(r"""'[^']*'|"[^"]*"|[()]|\bWHERE\b|\bRETURNING\b""", re.IGNORECASE)
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
# Tables where more may be changed than what belongs to projects in which one works.
WRITABLE = {
    # A session's own user notes what it has seen; who works in a project of the session ends it.
    "projects_session": (
        "{mine} OR EXISTS (SELECT 1 FROM {schema}.projects_activity done "
        "WHERE done.session = projects_session.id AND done.session <> '' AND {projects})"
    ),
    # Everybody stops their own timer, whatever their role became meanwhile.
    "projects_timeentry": _ITEM.replace("{column}", "work_item_id") + " OR {users}",
}
# Tables that belong to no entity and take new rows in requests, and what asks for the role before.
INSERTED = {
    "projects_activity": "with the entity that it is about",
    "projects_membership": "Membership.objects.give",
    "projects_session": "the caller's own",
    "projects_pendingnote": "PendingNote.objects.leave, with a comment, and with an answer that is taken back",
    "projects_checkapproval": "CheckApproval.objects.note",
    "projects_openedrun": "OpenedRun.open",
    "projects_reportedtree": "with the run of a check, and with a claim",
    "projects_commit": "projects.commits.reports",
    "projects_commitmention": "projects.commits.reports",
}
# Tables that everybody may read through the queries of the server, and why.
OPEN = {
    "projects_user": "names of users are shown wherever an assignee can be chosen",
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


class Forbidden(RuntimeError):
    """A statement that can't be kept to some rows: a mistake in the server's own code."""


@lru_cache(maxsize=1)
def _writable() -> dict[str, str]:
    return conditions() | WRITABLE


@lru_cache(maxsize=1)
def _insertable() -> frozenset[str]:
    return frozenset((*(model._meta.db_table for model in Entity.by_type.values()), *INSERTED))


class _Form(NamedTuple):
    """What a statement is: how it begins, the tables with rows that may be hidden, and for a write the places of it."""

    beginning: re.Match[str] | None  # of a statement that only reads
    tables: tuple[str, ...]
    target: str = ""  # of an UPDATE or a DELETE
    where: int = 0  # where its condition begins, or could
    end: int = 0  # where its condition ends


@lru_cache(maxsize=2048)
def _form(sql: str) -> _Form:
    """Raises Forbidden for a statement that names a table of projects in another way."""
    tables = tuple(name for name in dict.fromkeys(_TABLE.findall(sql)) if name in conditions())
    beginning = _SELECT.match(sql)
    if not tables or (beginning is not None and not _WRITING.search(sql)):
        return _Form(beginning, tables)
    if (inserting := _INSERT.match(sql)) is not None and not _READING_INSERT.search(sql):
        if inserting[1] not in conditions() or inserting[1] in _insertable():
            return _Form(None, ())
    elif (changing := _CHANGE.match(sql)) is not None:
        if changing[1] not in conditions():
            return _Form(None, ())
        where, end = _condition_place(sql)
        return _Form(None, tables, changing[1], where, end)
    raise Forbidden(f"a request may not run this on a team's server, see {__name__}: {sql[:300]}")


def _condition_place(sql: str) -> tuple[int, int]:
    """Return where the text of a write's condition begins and ends; both the same if it has none."""
    depth, where, end = 0, -1, len(sql)
    for token in _TOKEN.finditer(sql):
        word = token[0].upper()
        depth += {"(": 1, ")": -1}.get(word, 0)
        if depth == 0 and word == "WHERE" and where < 0:
            where = token.end()
        elif depth == 0 and word == "RETURNING":
            end = token.start()
    return (end, end) if where < 0 else (where, end)


class RowFilter:
    """Some projects, or all except some, and whose rows are the caller's own."""

    def __init__(self, projects: Iterable[UUID], identities: Iterable[UUID], *, is_except: bool = False) -> None:
        projects = list(projects)
        self._parts = {
            "projects": _among("project_id", projects, is_except=is_except),
            "ids": _among("id", projects, is_except=is_except),
            "keys": _among("named.id", projects, is_except=is_except),
            "mine": _among("actor_id", identities),
            "users": _among("user_id", identities),
        }
        self._made: dict[str, str] = {}

    def reading(self, sql: str) -> str:
        """Return the statement over these projects only if it reads."""
        beginning, tables, *_ = _form(sql)
        if beginning is None or not tables:
            return sql
        visible = ", ".join(self._made.get(name) or self._make(name) for name in tables)
        if beginning[0].lstrip(" \n\t(")[:4].upper() == "WITH":
            return f"WITH RECURSIVE {visible}, {sql[beginning.end() :]}"
        return f"WITH {visible} {sql}"

    def writing(self, sql: str) -> str:
        """Return the statement that changes rows of these projects only, if it changes rows."""
        form = _form(sql)
        if not form.target:
            return sql
        condition = _writable()[form.target].format(schema=dialect.SCHEMA, **self._parts)
        if form.where == form.end:
            return f"{sql[: form.end]} WHERE {condition} {sql[form.end :]}"
        return f"{sql[: form.where]} ({condition}) AND ({sql[form.where : form.end]}) {sql[form.end :]}"

    def _make(self, name: str) -> str:
        schema = dialect.SCHEMA
        condition = conditions()[name].format(schema=schema, **self._parts)
        self._made[name] = f'"{name}" AS NOT MATERIALIZED (SELECT * FROM {schema}."{name}" AS {name} WHERE {condition})'  # noqa: S608 -- names of ours, digits of IDs
        return self._made[name]


def _among(column: str, ids: Iterable[UUID], *, is_except: bool = False) -> str:
    texts = ", ".join(f"'{pk.hex}'" for pk in sorted(ids))
    if not texts:
        return "1 = 1" if is_except else "1 = 0"
    return f"{column} {'NOT IN' if is_except else 'IN'} ({texts})"


def narrow(execute: Callable[..., Framework], sql: str, *rest: Framework) -> Framework:
    """Run a statement of a request over the rows that it may see or change; a wrapper of all of a connection."""
    return execute(narrowed(sql), *rest)


def narrowed(sql: str) -> str:
    """Return a statement of a request over the rows that it may see or change."""
    rights = current.get()
    if rights is None:
        return sql
    rows: RowFilter | None = getattr(rights, "rows", None)
    writable: RowFilter | None = getattr(rights, "writable", None)
    sql = sql if rows is None else rows.reading(sql)
    # What a filter of rows returned begins with WITH, and is no write.
    return sql if writable is None or sql.startswith("WITH ") else writable.writing(sql)


def watch(connection: Framework, **kwargs: object) -> None:
    """Narrow the statements of a connection from now on."""
    if narrow not in connection.execute_wrappers:
        connection.execute_wrappers.append(narrow)
    connection.narrowed = narrowed  # for `run`, which goes without the layers of a cursor


def connect() -> None:
    """Narrow the statements of every connection that this process opens."""
    connection_created.connect(watch, dispatch_uid="projects.team.row_filter")
