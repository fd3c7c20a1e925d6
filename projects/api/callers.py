"""Who makes a request through the API token: the name of the actor, and where that name came from.

The headers say what the client knows: this is attribution, not authorization. DRF loads the authentication early, so
models are imported where they are used.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, cast
from urllib.parse import parse_qsl, unquote
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from rest_framework import exceptions
from rest_framework.request import Request

if TYPE_CHECKING:
    from projects.models import Session, User
    from projects.models.session import Run

ACTOR_HEADER = "X-PM-Actor"
SOURCE_HEADER = "X-PM-Actor-Source"
TERMINAL_HEADER = "X-PM-Terminal"
NEW_USER_HEADER = "X-PM-New-User"
SESSION_HEADER = "X-PM-Session"
CONTENT_HEADER = "X-PM-Content"
NO_CONTENT = "none"  # outside of a git repository
DEFAULT_ACTOR = "llm"
SOURCES = ("as", "env", "program", "terminal", "mcp", "default")
PERSON = "person"
KINDS = (PERSON, "agent")
MAX_SESSION_HEADER = 4096  # characters
KNOWN_HEADERS = 128  # whose meaning is remembered: those of one session are always the same
_OBJECT = re.compile("[0-9a-f]{40}(?:[0-9a-f]{24})?")
_STRAY_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")


class Caller:
    """The headers of a request that say who acts, and in which session."""

    def __init__(self, request: Request) -> None:
        """Read the headers. Raises exceptions.ValidationError."""
        self._session: Session | None = None
        meta = request.META
        self.name = _name(meta.get("HTTP_X_PM_ACTOR", DEFAULT_ACTOR))
        self.source = _word(meta, SOURCE_HEADER, SOURCES)
        self.new_kind = _word(meta, NEW_USER_HEADER, KINDS)
        self.is_on_terminal = self.source == "terminal" or "HTTP_X_PM_TERMINAL" in meta
        self._content = _content(meta.get("HTTP_X_PM_CONTENT", ""))
        self._header = meta.get("HTTP_X_PM_SESSION", "")
        self._values = _values(self._header)

    @property
    def program(self) -> str:
        """The agent program that runs the command, or ""."""
        return self._values.get("program", "")

    @property
    def variable(self) -> str:
        """The environment variable that identified the program, or ""."""
        return self._values.get("via", "")

    @cached_property
    def run(self) -> Run:
        """The run that the request belongs to."""
        return _run(self._header)

    @property
    def reach(self) -> str:
        """What distinguishes callers who act under one name, but may read different things; "" if nothing does."""
        return ""

    def user(self) -> User:
        """Return the actor; a new name is an agent, except on a terminal. Raises exceptions.PermissionDenied."""
        from projects.models import User

        name = self._name_on_board()
        is_person = self.source == "terminal" or (self.is_on_terminal and self.new_kind == PERSON)
        if self.new_kind == PERSON and self.source == "as" and not is_person and User.objects.named(name) is None:
            raise exceptions.PermissionDenied(
                f"{name} is a new name, and who first acts through a command is an agent: {NEW_USER_HEADER} "
                "(--new-user) can make a person only of a name that the request assigns something to"
            )
        user = User.objects.actor(name, is_agent=not is_person)
        if not user.is_agent and not self.is_on_terminal:
            raise exceptions.PermissionDenied(self._refusal(user.username))
        user.source = self.source
        user.worktree = self._content
        if user.is_agent:
            user.session_id = self._session_id(user)
        return user

    def user_after_rollback(self) -> User:
        """Return the actor when the transaction that may have created it and its session was rolled back."""
        self._session = None
        return self.user()

    def needs_note(self) -> bool:
        """Return True if the session must be noted after the response: once a minute, and when a read begins it."""
        from projects.models.session import known

        if self._session is not None and self._session.ended_at is not None:
            return False
        return bool(self._values or self._session) and known.find(self.name, self.run) is None

    def note(self) -> None:
        """Note that the session gave a command, and renew its leases."""
        from projects.models.session import known
        from projects.models.work_items.claims import renew_leases

        self._session = None  # the request may have failed, and its session with it
        with transaction.atomic(), suppress(exceptions.PermissionDenied):
            user = self.user()
            if user.is_agent:
                session = self._find_session(user)
                if session.is_due:
                    session.note(self.run)
                    renew_leases(session.pk)
                known.keep(self.name, self.run, session)

    def session(self, user: User) -> Session | None:
        """Return the session of the caller; a person has none."""
        return self._find_session(user) if user.is_agent else None

    def end_session(self, user: User) -> Session | None:
        """End the session of the caller; return None if there is none."""
        from projects.models.session import Session, known

        if not user.is_agent:
            return None
        self._session = Session.objects.of(user, self.run)
        if self._session is not None:
            self._session.end()
            known.forget(self.name, self.run)
        return self._session

    def _session_id(self, user: User) -> str:
        from projects.models.session import known

        found = known.find(self.name, self.run)
        return self._find_session(user).pk if found is None else found

    def _find_session(self, user: User) -> Session:
        from projects.models.session import Session, find_session, known

        if self._session is None:
            pk = known.find(self.name, self.run)
            found = find_session(pk) if pk else None
            if found is None or found.ended_at is not None:
                found = Session.objects.current(user, self.run)
            self._session = found
            if not self._session.is_due:
                known.keep(self.name, self.run, self._session)
        return self._session

    def known_user(self) -> User | None:
        """Return the actor if the board has the name already."""
        from projects.models import User

        return User.objects.named(self._name_on_board())

    def known_id(self) -> UUID | None:
        """Return the ID of the actor if the board has the name already; for most requests without a query."""
        from projects.models import User

        return User.objects.known_id(self._name_on_board())

    def _name_on_board(self) -> str:
        """Return the actor's name; in a joined clone the person of a terminal has the name given at joining."""
        from projects.models import SyncBoard

        if self.source == "terminal":
            board = SyncBoard.joined()
            if board is not None and board.person:
                return board.person
        return self.name

    def _refusal(self, name: str) -> str:
        why = f"; {self.variable} says that an agent program runs this command" if self.variable else ""
        return (
            f"{name} is a person, and only a person on a terminal acts under that name{why}; "
            "name another actor with --as or PM_ACTOR"
        )


def caller_of(request: Request) -> Caller | None:
    """Return the caller of a request with the API token, None for a browser's."""
    found: Caller | None = getattr(request, "caller", None)
    return found


def user_of(request: Request) -> User:
    """Return the user of a request, looked up or created now; later reads of `request.user` get the same."""
    caller = caller_of(request)
    if caller is not None:
        request.user = caller.user()  # not lazy any more: each attribute of a lazy object takes two calls
    return cast("User", request.user)


def user_after_rollback(request: Request) -> User:
    """Return the user of a request whose transaction was rolled back, for another one."""
    caller = caller_of(request)
    return cast("User", request.user) if caller is None else caller.user_after_rollback()


def my_id(request: Request) -> UUID | None:
    """Return the ID of the user that `@me` means, or None if the board does not know the name yet."""
    caller = caller_of(request)
    return cast("User", request.user).pk if caller is None else caller.known_id()


def myself(request: Request) -> User | None:
    """Return the user that `@me` means, or None if the board does not know the name yet."""
    caller = caller_of(request)
    return cast("User", request.user) if caller is None else caller.known_user()


@functools.lru_cache(maxsize=KNOWN_HEADERS)
def _run(header: str) -> Run:
    from projects.models.session import Run

    return Run.read(_values(header))


@functools.lru_cache(maxsize=KNOWN_HEADERS)
def _name(header: str) -> str:
    from projects.models import User

    try:
        if _STRAY_PERCENT.search(header):
            raise exceptions.ValidationError({ACTOR_HEADER: "must be percent-encoded UTF-8; a percent sign is %25"})
        return User.objects.clean_name(unquote(header, errors="strict"))
    except UnicodeDecodeError:
        raise exceptions.ValidationError({ACTOR_HEADER: "must be percent-encoded UTF-8"}) from None
    except ValidationError as error:
        raise exceptions.ValidationError({ACTOR_HEADER: error.messages}) from None


def _word(meta: Mapping[str, str], header: str, words: tuple[str, ...]) -> str:
    word: str = meta.get(f"HTTP_{header.upper().replace('-', '_')}", "")
    if word and word not in words:
        raise exceptions.ValidationError({header: f"must be one of {', '.join(words)}"})
    return word


def _content(header: str) -> str:
    """Return the ID of the content of the caller's worktree, or NO_CONTENT. Raises exceptions.ValidationError."""
    if header not in ("", NO_CONTENT) and not _OBJECT.fullmatch(header):
        raise exceptions.ValidationError({CONTENT_HEADER: "must be 40 or 64 lower-case hexadecimal digits, or none"})
    return header


@functools.lru_cache(maxsize=KNOWN_HEADERS)
def _values(header: str) -> Mapping[str, str]:
    """Return the fields of the session header, a query string. Raises exceptions.ValidationError."""
    if len(header) > MAX_SESSION_HEADER:
        raise exceptions.ValidationError({SESSION_HEADER: f"must have at most {MAX_SESSION_HEADER} characters"})
    try:
        return dict(parse_qsl(header, errors="strict"))
    except ValueError:
        raise exceptions.ValidationError({SESSION_HEADER: "must be a query string in UTF-8"}) from None
