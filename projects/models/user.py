"""Users: people and agents."""

from __future__ import annotations

import difflib
import functools
import getpass
import os
import uuid
from typing import ClassVar

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import AbstractUser
from django.contrib.auth.models import UserManager as DjangoUserManager
from django.core.exceptions import ValidationError
from django.db import models, transaction

from projects.loose_types import Framework
from projects.models.exceptions import Conflict, NotYours
from projects.models.fields import LineField, check_text
from projects.models.prepared_queries import Kept, Loading, bound
from projects.models.user_names import check_distinct, check_visible

AGENT_NAME = "llm"
AGENT_ID = uuid.UUID("00000000-0000-0000-0000-000000000001")
# Never change this: a username must have the same ID on all clones.
NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "urn:pm:user")
MAX_NAME_LENGTH = 150
PERSON, AGENT = "person", "agent"  # the kinds of users
STAND_IN = "a token"  # `via` of a person whose token may not decide as the person
MYSELF, NOBODY = "@me", "none"  # what a command may say in place of a name
MAX_NEAREST = 3
LEAST_LIKENESS = 0.6  # of 1; below it a name is not similar


def id_of(name: str) -> uuid.UUID:
    """Return the ID that a user called `name` has or would have."""
    return AGENT_ID if name == AGENT_NAME else uuid.uuid5(NAMESPACE, name)


class UserManager(DjangoUserManager["User"]):
    use_in_migrations = False  # migrations must not depend on this module

    def clean_name(self, name: str) -> str:
        """Return `name` trimmed and Unicode-normalised. Raises ValidationError."""
        name = self.model.normalize_username(name).strip()
        if not name:
            raise ValidationError("must not be blank", code="blank")
        check_text(name, limit=MAX_NAME_LENGTH)
        check_visible(name)
        return name

    def named(self, name: str) -> User | None:
        """Return the user with this name in any case, or None; an equal name goes before the others."""
        user = _called().first(username=name)
        if user is None:
            folded = models.Func("username", function="pm_casefold", output_field=models.CharField())
            same = self.alias(folded=folded).filter(folded=name.casefold())
            user = same.order_by("date_joined", "pk").first()
        return user

    def known_id(self, name: str) -> uuid.UUID | None:
        """Return the ID of the user with this name in any case, or None; mostly without a query."""
        found = _exact.get(name)
        if found is not None:
            return found
        user = self.named(name)
        if user is not None and user.username == name:
            _exact.keep(name, user.pk)
        return None if user is None else user.pk

    def known(self, name: str) -> User:
        """Return the user with this name in any case. Raises ValidationError, with the most similar names."""
        user = self.named(self.clean_name(name))
        if user is None:
            raise ValidationError(
                "there is no user %(name)s%(nearest)s",
                code="unknown_user",
                params={"name": name, "nearest": self._nearest(name)},
            )
        return user

    def _nearest(self, name: str) -> str:
        """Return a clause with the names that are similar to `name`, or ""."""
        known = {other.casefold(): other for other in self.values_list("username", flat=True)}
        near = difflib.get_close_matches(name.casefold(), known, MAX_NEAREST, LEAST_LIKENESS)
        return f"; similar names: {', '.join(known[one] for one in near)}" if near else ""

    def actor(self, name: str, *, is_agent: bool = True) -> User:
        """Return the user called `name` in any case; create it on first use, without a password or special rights.

        `is_agent` is the kind of a new user; the operating system user is always a person. Raises ValidationError.
        Concurrent callers get the same user.
        """
        name = self.clean_name(name)
        user = self.named(name)
        if user is None:
            if name.casefold() in (MYSELF, NOBODY):
                raise ValidationError(f"{name} can't be the name of a user", code="reserved")
            if not name.isascii():
                check_distinct(name, self.values_list("username", flat=True))
            is_agent = is_agent and name.casefold() != system_name().casefold()
            user, _ = self.get_or_create(
                username=name, defaults={"is_agent": is_agent, "password": _unusable_password()}
            )
        return user

    def person(self, name: str) -> User:
        """Return the person called `name` in any case, created on first use. Raises ValidationError for an agent."""
        user = self.actor(name, is_agent=False)
        if user.is_agent:
            raise ValidationError(f"{user.username} is an agent on this board; choose another name", code="agent")
        if not user.is_kind_confirmed:
            user.is_kind_confirmed = True
            user.save(update_fields=["is_kind_confirmed"])
        return user

    def stand_in(self, pk: uuid.UUID, wanted: str = "unnamed") -> str:
        """Return a free name for the user `pk` of another board, whose own name is unknown or taken here."""
        names = (f"{wanted[: MAX_NAME_LENGTH - len(pk.hex) - 1]}-{pk.hex[:size]}" for size in range(4, len(pk.hex) + 1))
        return next(name for name in names if not self.filter(username__iexact=name).exists())

    @transaction.atomic
    def owner(self) -> User:
        """Return the person and superuser named after the operating system user; create it on first use."""
        user = self.actor(system_name(), is_agent=False)
        rights = {"is_active": True, "is_staff": True, "is_superuser": True, "is_agent": False}
        if any(getattr(user, name) != value for name, value in rights.items()):
            for name, value in rights.items():
                setattr(user, name, value)
            user.save(update_fields=rights)
        return user


class User(AbstractUser):
    """A person or an agent; the username never changes, because the ID is derived from it."""

    id = models.UUIDField(primary_key=True, editable=False)
    username = LineField(
        max_length=MAX_NAME_LENGTH, unique=True, error_messages={"unique": "a user with this name already exists"}
    )
    is_agent = models.BooleanField("agent", default=False, help_text="A program that works on the board by itself.")
    is_kind_confirmed = models.BooleanField(
        "kind confirmed",
        default=True,
        db_default=True,
        help_text="Off for users of earlier versions whose kind nobody has confirmed.",
    )
    news_cursor = models.BigIntegerField(
        null=True, editable=False, help_text="The last activity that a person has seen at a terminal; see news."
    )
    # Where the name of the acting user came from, for the activity of its changes; no column.
    source: str = ""
    session_id: str = ""  # the session of the acting user; no column either
    # The content of the worktree that the client reported, "" if it has not; None in a browser. No column either.
    worktree: str | None = None
    # The agent through whose login link the user was signed in, or the user through whose token it acts; no column.
    via: str = ""

    objects: ClassVar[UserManager] = UserManager()

    class Meta(AbstractUser.Meta):
        ordering = ("username",)
        indexes = (
            models.Index(
                fields=("date_joined",), condition=models.Q(is_kind_confirmed=False), name="user_of_unconfirmed_kind"
            ),
        )

    def save(self, *args: Framework, **kwargs: Framework) -> None:
        if self.pk is None:
            self.pk = id_of(self.username)
        super().save(*args, **kwargs)

    @property
    def acts_as_person(self) -> bool:
        """True for a person, unless an agent's login link or a token stands between."""
        return not self.is_agent and not self.via

    def check_person(self, what: str) -> None:
        """Raise NotYours unless the user acts as a person; `what` says what only people do."""
        if not self.acts_as_person:
            link = "" if self.source else "a login link of "
            through = f", and not through {link}{self.via}" if self.via else ""
            advice = "; do it in the browser, or log in with the scope person" if self.via == STAND_IN else ""
            raise NotYours(f"only a person can {what}{through}{advice}")

    def confirm_kind(self, kind: str, *, actor: User) -> None:
        """Record that a person says whether the user is a person or an agent; it stays in this clone.

        Raises NotYours for agents, and Conflict for the person's own kind: nobody might be left to change it back.
        """
        actor.check_person("change the kind of a user")
        if self.pk == actor.pk and kind == AGENT:
            raise Conflict("you can't make yourself an agent; another person can")
        self.is_agent, self.is_kind_confirmed = kind == AGENT, True
        self.save(update_fields=["is_agent", "is_kind_confirmed"])

    def set_active(self, is_active: bool, *, actor: User) -> None:
        """Record that the user has left, or is back: who left can't sign in, and is not offered as an assignee.

        It stays in this clone. Raises NotYours for agents, and Conflict for the person's own account.
        """
        actor.check_person("say who has left")
        if self.pk == actor.pk and not is_active:
            raise Conflict("you can't make yourself inactive; another person can")
        self.is_active = is_active
        self.save(update_fields=["is_active"])

    @property
    def kind(self) -> str:
        """`person` or `agent`."""
        return AGENT if self.is_agent else PERSON


def system_name() -> str:
    """Return the name of the operating system user."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user in a container often has no name
        return f"uid-{os.getuid()}"


# IDs by name, of users called exactly so: a name never changes, and the ID is derived from it.
_exact: Kept[uuid.UUID] = Kept(512)


@functools.cache
def _called() -> Loading[User]:
    return Loading(User.objects.filter(**bound(User, ["username"])))


def _unusable_password() -> str:
    return make_password(None)
