"""Authentication on a team's server: each request has a token of its own user, and no token is the server's."""

from __future__ import annotations

import logging
from contextlib import nullcontext
from functools import cached_property
from typing import TYPE_CHECKING

from django.db import DatabaseError, transaction
from rest_framework import exceptions
from rest_framework.request import Request

from projects.api.authentication import BearerAuthentication, SessionAuthentication, actor_of
from projects.api.callers import ACTOR_HEADER, Caller, caller_of
from projects.lock_waits import log_skipped
from projects.loose_types import Framework
from projects.team import audit, limits, throttling

if TYPE_CHECKING:
    from projects.models import Session, User
    from projects.models.api_token import ApiToken
    from projects.models.session import Run
    from projects.team.roles import Access

logger = logging.getLogger(__name__)

PERSON = "person"  # the scope
EXPLICIT = ("as", "env", "")  # sources of a name that the caller chose; "" is a client other than `pm`


class TokenAuthentication(BearerAuthentication):
    """A token of the table of API tokens, sent as `Authorization: Bearer pmt_…`."""

    def authenticate(self, request: Request) -> tuple[Framework, Framework] | None:
        from projects.models import ApiToken

        header = request.META.get("HTTP_AUTHORIZATION")
        if header is None:
            return None
        scheme, _, given = header.partition(" ")
        token = ApiToken.objects.find(given.strip()) if scheme.lower() == "bearer" else None
        if token is None:
            throttling.check(request, [(limits.REFUSED_TOKENS, limits.network(request.META["REMOTE_ADDR"]))])
            audit.record("token_refused", request)
            raise exceptions.AuthenticationFailed(
                "the token is unknown, expired or revoked, or its user may not sign in any more; ask for a new one"
            )
        throttling.count_call(request, token.user, str(token.pk))
        caller = TokenCaller(request, token)
        try:
            token.note_use()
        except DatabaseError as error:  # a database that only reads can still be read
            log_skipped(logger, "the use of a token could not be noted: %s", error)
        return self.accept(request, caller), token


class BrowserAuthentication(SessionAuthentication):
    """A browser's session, whose calls are limited as those of tokens are."""

    def authenticate(self, request: Request) -> tuple[Framework, Framework] | None:
        found = super().authenticate(request)
        if found is not None:
            throttling.count_call(request, found[0])
        return found


class TokenCaller(Caller):
    """The caller with a token: its user, or with the scope act-as an agent that the user answers for."""

    def __init__(self, request: Request, token: ApiToken) -> None:
        """Read the headers. Raises exceptions.PermissionDenied, exceptions.ValidationError."""
        super().__init__(request)
        self.token = token
        own = token.user.username
        named = "HTTP_X_PM_ACTOR" in request.META and self.source != "terminal"
        other = named and self.name.casefold() != own.casefold()
        if other and not token.has("act-as"):
            if self.source in EXPLICIT or not token.user.is_agent:
                raise exceptions.PermissionDenied(
                    f"the token {token.name!r} acts as {own}, and {ACTOR_HEADER} names {self.name}; a token with the "
                    "scope act-as can name an agent"
                )
            other = False
        self.acts_for = own if other else ""
        if not other:
            self.name = own

    @cached_property
    def run(self) -> Run:
        """The run, on a host that names the user: of the runs of an agent, each user has only their own."""
        from projects.models.session import LENGTHS

        run = super().run
        if not self.acts_for:
            return run
        through = f" (through {self.acts_for})"
        host = run.host.replace("(through ", "(")[: LENGTHS["host"] - len(through)]
        return run._replace(host=(host + through).strip())

    @property
    def reach(self) -> str:
        return f"{self.token.user_id} {self.token.projects}"

    def user(self) -> User:
        """Return the actor. Raises exceptions.PermissionDenied."""
        from projects.models.rights import unrestricted

        with unrestricted():  # its session may have worked in projects that the user doesn't see any more
            return self._user()

    def session(self, user: User) -> Session | None:
        from projects.models.rights import unrestricted

        with unrestricted():
            return super().session(user)

    def end_session(self, user: User) -> Session | None:
        from projects.models.rights import unrestricted

        with unrestricted():
            return super().end_session(user)

    def _user(self) -> User:
        from projects.models import User

        if self.acts_for:
            found = User.objects.named(self.name)  # mostly it exists, and a reader waits for no writer
            with nullcontext() if found else transaction.atomic():  # a refusal leaves no new user
                user = found or User.objects.actor(self.name)
                if not user.is_agent:
                    raise exceptions.PermissionDenied(f"{user.username} is a person; a token can only act as an agent")
            user.via = self.acts_for
        else:
            user = self.token.user
            user.via = "" if user.is_agent else self._stand_in()
        user.source = self.source or "as"  # a client other than pm names nothing
        user.worktree = self._content
        if user.is_agent:
            user.session_id = self._session_id(user)
        return user

    def _stand_in(self) -> str:
        """Return what acts with a person's token, "" for the person.

        Every program can claim to run on a terminal, so only a token with a scope for that makes it the person.
        """
        from projects.models.user import STAND_IN

        if self.program:
            return self.program
        if not self.is_on_terminal:
            return "a script"
        return "" if self.token.has(PERSON) else STAND_IN

    def _name_on_board(self) -> str:
        return self.name


def access_of(request: Request) -> Access:
    """Return what the request may do: with a token, no more than both its user and the agent that it names.

    Raises exceptions.PermissionDenied.
    """
    from projects.models import ApiToken, User
    from projects.team.roles import Access

    caller = caller_of(request)
    if not isinstance(request.auth, ApiToken) or not isinstance(caller, TokenCaller):
        return Access.of(actor_of(request))
    agent = User.objects.named(caller.name) if caller.acts_for else None
    if agent is not None and not agent.is_active:
        raise exceptions.PermissionDenied(f"{agent.username} is inactive, so no token can act as it")
    return Access.of(request.auth.user, token=request.auth, agent=agent)
