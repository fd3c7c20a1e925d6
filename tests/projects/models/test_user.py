from __future__ import annotations

import uuid

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command

from projects.models import User
from projects.models.user import system_name

pytestmark = pytest.mark.django_db


def test_id_is_derived_from_the_name() -> None:
    # Boards on other clones contain these IDs: they must never change.
    assert User.objects.actor("llm").pk == uuid.UUID("00000000-0000-0000-0000-000000000001")
    assert User.objects.actor("ada").pk == uuid.UUID("78232a80-a0cc-56e0-b809-cd84ef105f3c")
    assert User.objects.actor(" ada ").pk == User.objects.actor("ada").pk


def test_created_superuser_has_the_id_of_the_name() -> None:
    call_command("createsuperuser", username="ada", email="", interactive=False, verbosity=0)
    user = User.objects.get()
    assert user.is_superuser
    assert user == User.objects.actor("ada")


@pytest.mark.parametrize("name", ["", "  ", "a" * 151, "a\nb", "a\x00", "\ud800"])
def test_wrong_name_is_refused(name: str) -> None:
    with pytest.raises(ValidationError):
        User.objects.actor(name)


def test_actor_is_never_a_superuser() -> None:
    user = User.objects.actor("root")
    assert not user.is_superuser
    assert not user.is_staff
    assert not user.has_usable_password()


def test_names_compare_without_case() -> None:
    ada = User.objects.actor("Ada")
    assert User.objects.actor("aDA") == ada
    assert User.objects.actor("JÜRGEN") == User.objects.actor("Jürgen")
    assert User.objects.known("ADA") == ada


def test_unknown_name_is_refused_with_similar_names() -> None:
    User.objects.actor("maria")
    with pytest.raises(ValidationError, match="there is no user Mara; similar names: maria"):
        User.objects.known("Mara")
    with pytest.raises(ValidationError) as caught:
        User.objects.known("zoe")
    assert caught.value.messages == ["there is no user zoe"]


@pytest.mark.parametrize("name", ["none", "None", "@me"])
def test_word_for_a_person_is_no_name(name: str) -> None:
    with pytest.raises(ValidationError, match="can't be the name of a user"):
        User.objects.actor(name)


def test_new_actor_is_an_agent_and_the_owner_a_person() -> None:
    assert User.objects.actor("ada").kind == "agent"
    User.objects.actor(system_name())
    assert User.objects.owner().kind == "person"


def test_operating_system_user_is_a_person_from_the_first_command() -> None:
    assert not User.objects.actor(system_name()).is_agent


def test_owner_is_a_superuser_on_every_call() -> None:
    owner = User.objects.owner()
    User.objects.update(is_superuser=False, is_active=False)
    assert User.objects.owner() == owner
    owner.refresh_from_db()
    assert owner.is_superuser
    assert owner.is_active


@pytest.mark.parametrize("name", ["an\u200bna", "an\u202ena", "anna\ue000", "\u2060anna", "an\u00adna"])
def test_name_with_a_sign_that_is_not_shown_is_refused(name: str) -> None:
    with pytest.raises(ValidationError, match="which is not shown"):
        User.objects.actor(name)


@pytest.mark.parametrize("name", ["\u0430nna", "AΝΝΑ", "ann\u0430"])
def test_name_that_looks_like_another_is_refused(name: str) -> None:
    User.objects.actor("anna")
    with pytest.raises(ValidationError, match="looks like anna, which is another user"):
        User.objects.actor(name)
    assert User.objects.actor("анна").username == "анна"  # in one script, and no letter of it is hidden


def test_name_in_full_width_letters_is_the_plain_one() -> None:
    assert User.objects.actor("ａｎｎａ") == User.objects.actor("anna")


def test_person_is_registered_once_and_never_made_of_an_agent() -> None:
    assert not User.objects.person("Anna").is_agent
    assert User.objects.person("anna").username == "Anna"
    User.objects.actor("bot")
    with pytest.raises(ValidationError, match="bot is an agent on this board"):
        User.objects.person("bot")
