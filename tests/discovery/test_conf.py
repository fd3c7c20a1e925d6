from __future__ import annotations

import os
from collections.abc import Callable

import pytest
from django.core.exceptions import ImproperlyConfigured
from pytest_django import Settings

from discovery.conf import conf


class Unreadable(os.PathLike[str]):
    """A path that can't be determined."""

    def __fspath__(self) -> str:
        raise KeyError("WORKSPACE\nis not set")


def fail() -> str:
    raise KeyError("WORKSPACE\nis not set")


@pytest.mark.parametrize("value", [fail, Unreadable(), lambda: Unreadable()])
def test_directory_that_raises_is_one_line_with_the_reason(settings: Settings, value: Callable[[], str]) -> None:
    settings.DISCOVERY_DIR = value
    with pytest.raises(ImproperlyConfigured) as caught:
        _ = conf.directory
    assert str(caught.value) == r"DISCOVERY_DIR failed: KeyError: 'WORKSPACE\nis not set'"
    assert isinstance(caught.value.__cause__, KeyError)


def test_directory_keeps_the_message_of_a_host_that_raises_improperly_configured(settings: Settings) -> None:
    def refuse() -> str:
        raise ImproperlyConfigured("Set WORKSPACE.")

    settings.DISCOVERY_DIR = refuse
    with pytest.raises(ImproperlyConfigured, match=r"^Set WORKSPACE\.$"):
        _ = conf.directory


@pytest.mark.parametrize("value", [None, "", 7, lambda: None])
def test_directory_that_is_not_a_path_is_refused(settings: Settings, value: object) -> None:
    settings.DISCOVERY_DIR = value
    with pytest.raises(ImproperlyConfigured, match="must be set"):
        _ = conf.directory
