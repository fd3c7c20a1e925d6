"""Users: people and agents."""

from __future__ import annotations

import functools
import getpass
import os
import uuid
from typing import Any, ClassVar

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import AbstractUser
from django.contrib.auth.models import UserManager as DjangoUserManager
from django.core.exceptions import ValidationError
from django.db import models, transaction

from projects.models.fields import LineField, check_text
from projects.models.prepared_queries import Loading, bound

AGENT_NAME = "llm"
AGENT_ID = uuid.UUID("00000000-0000-0000-0000-000000000001")
# Never change this: a username must have the same ID on all clones.
NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "urn:pm:user")
MAX_NAME_LENGTH = 150


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
        return name

    def actor(self, name: str) -> User:
        """Return the user called `name`; create it on first use, without a password or special rights.

        Raises ValidationError. Concurrent callers get the same user.
        """
        name = self.clean_name(name)
        user = _called().first(username=name)
        if user is None:
            user, _ = self.get_or_create(
                username=name, defaults={"is_agent": name == AGENT_NAME, "password": _unusable_password()}
            )
        return user

    @transaction.atomic
    def owner(self) -> User:
        """Return the superuser named after the operating system user; create it on first use."""
        try:
            name = getpass.getuser()
        except (KeyError, OSError):  # a user in a container often has no name
            name = f"uid-{os.getuid()}"
        user = self.actor(name)
        rights = ("is_active", "is_staff", "is_superuser")
        if not all(getattr(user, right) for right in rights):
            for right in rights:
                setattr(user, right, True)
            user.save(update_fields=rights)
        return user


class User(AbstractUser):
    """A person or an agent; the username never changes, because the ID is derived from it."""

    id = models.UUIDField(primary_key=True, editable=False)
    username = LineField(
        max_length=MAX_NAME_LENGTH, unique=True, error_messages={"unique": "a user with this name already exists"}
    )
    is_agent = models.BooleanField("agent", default=False, help_text="A program that works on the board by itself.")

    objects: ClassVar[UserManager] = UserManager()

    class Meta(AbstractUser.Meta):
        ordering = ("username",)

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk is None:
            self.pk = id_of(self.username)
        super().save(*args, **kwargs)


@functools.cache
def _called() -> Loading[User]:
    return Loading(User.objects.filter(**bound(User, ["username"])))


def _unusable_password() -> str:
    return make_password(None)
