"""Create, list and revoke API tokens on the machine of the server; people do it under Settings."""

from __future__ import annotations

import re
from argparse import ArgumentParser
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.management.base import CommandError
from django.db import transaction

from projects.management.plain_errors import PlainErrors
from projects.models import ApiToken, Project, User
from projects.models.api_token import DEFAULT_LIFE, SCOPES
from projects.team import audit

_DAYS = re.compile(r"\A(\d{1,4})d\Z")


class Command(PlainErrors):
    help = "Create, list and revoke API tokens."

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        create = verbs.add_parser("create", help="create a token and print it once")
        create.add_argument("name", help="where it is used, such as the name of a machine")
        create.add_argument("--user", required=True, help="whose token it is")
        create.add_argument("--scope", action="append", choices=SCOPES, required=True, help="repeatable")
        create.add_argument(
            "--project", action="append", default=[], metavar="KEY", help="the only project that it reaches; repeatable"
        )
        create.add_argument(
            "--expires", default=f"{DEFAULT_LIFE.days}d", metavar="DAYS", help="such as 30d (%(default)s)"
        )
        verbs.add_parser("list", help="list all tokens")
        revoke = verbs.add_parser("revoke", help="end a token")
        revoke.add_argument("id", type=int)

    def handle(self, *args: Any, **options: Any) -> None:  # Any: as in Django's stubs
        try:
            with transaction.atomic():
                getattr(self, options["verb"])(options)
        except ValidationError as error:
            raise CommandError("; ".join(error.messages)) from None

    def create(self, options: dict[str, Any]) -> None:  # Any: as in Django's stubs
        """Print the text of a new token."""
        user = User.objects.known(options["user"])
        text, token = ApiToken.objects.issue(
            user,
            options["name"],
            options["scope"],
            projects=[_project(key) for key in options["project"]],
            life=_life(options["expires"]),
        )
        audit.record("token_issued", user=user.username, token=token.pk, name=token.name, scopes=token.scopes)
        self.stdout.write(text)
        self.stderr.write(
            f"token {token.pk} of {user.username}, valid until {token.expires_at:%Y-%m-%d}; it is shown only now"
        )

    def list(self, options: dict[str, Any]) -> None:  # Any: as in Django's stubs
        """Print one line for each token."""
        for token in ApiToken.objects.select_related("user"):
            used = f"used {token.last_used_at:%Y-%m-%d}" if token.last_used_at else "never used"
            self.stdout.write(
                f"{token.pk}  {token.user.username}  {token.name}  {token.scopes}  {token.state}, "
                f"until {token.expires_at:%Y-%m-%d}, {used}"
            )

    def revoke(self, options: dict[str, Any]) -> None:  # Any: as in Django's stubs
        """End a token."""
        token = ApiToken.objects.filter(pk=options["id"]).first()
        if token is None:
            raise CommandError(f"there is no token {options['id']}; to see all: pm-manage token list")
        token.revoke()
        audit.record("token_revoked", token=token.pk, name=token.name)


def _project(key: str) -> UUID:
    found = Project.objects.living_named(key)
    if found is None:
        raise CommandError(f"there is no project {key}")
    return found.pk


def _life(text: str) -> timedelta:
    found = _DAYS.search(text)
    if found is None:
        raise CommandError(f"--expires {text}: must be a number of days, such as 30d")
    return timedelta(days=int(found[1]))
