from __future__ import annotations

from typing import Any

import pytest
from pytest_django import Settings

from discovery.checks import REQUIRED, RULES, check_file_names, check_settings, check_unknown_settings
from discovery.conf import conf

WRONG: dict[str, list[Any]] = {
    "DIR": [None, "", 7],
    "PORT_FILE": ["", "..", "a/b", "/etc/passwd", None, 7],
    "PORT_FILE_FORMAT": ["JSON", "", None],
    "HOST": ["", None, 7, "a\0b", "\x1b[31mlocalhost"],
    "PORT": [80, -1, 65536, "5174", True, None],
    "EXCLUSIVE": ["yes", 1, None],
    "SERVER_URL_ENV": ["", 7],
    "DEFAULT_URL": ["", "http://evil.example", "localhost:5174", 7],
    "TOKEN_FILE": ["", "../token", 7],
    "MIGRATE": [1, None, "default", ["default", "nowhere"]],
    "WORKERS": [0, "2", True],
    "THREADS": [0, -1],
    "IDLE_TIMEOUT": [-1, "5", 1.5],
    "REQUEST_TIMEOUT": [0, None],
    "LONG_PATHS": ["/reports/", ["reports/"], [7], None],
    "WRITERS": [-1, "3", None],
    "VERSION": ["", 7],
    "STRICT_MIGRATIONS": [1, None],
}


def test_our_own_settings_are_right() -> None:
    assert check_settings() == []


def test_every_setting_is_tested_here() -> None:
    assert set(WRONG) == {name for name, *_ in RULES}
    assert len({identifier for *_, identifier in RULES}) == len(RULES)


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in WRONG.items() for value in values])
def test_wrong_value_is_named_with_the_allowed_values(settings: Settings, name: str, value: Any) -> None:
    setattr(settings, f"DISCOVERY_{name}", value)
    [error] = check_settings()
    [rule] = [rule for rule in RULES if rule[0] == name]
    assert error.msg == f"DISCOVERY_{name} is {value!r}."
    assert error.hint == f"Set it to {rule[3]}."
    assert error.id == f"discovery.{rule[4]}"


def test_missing_directory_is_an_error_and_the_rest_has_defaults(settings: Settings) -> None:
    for name, *_ in RULES:
        if hasattr(settings, f"DISCOVERY_{name}"):
            delattr(settings, f"DISCOVERY_{name}")
    [error] = check_settings()
    assert error.msg == f"DISCOVERY_{REQUIRED} is not set."
    settings.DISCOVERY_DIR = lambda: "/somewhere"
    assert check_settings() == []
    assert conf.port_file == "/somewhere/server.json"
    assert (conf.port_file_format, conf.exclusive, conf.host, conf.port) == ("json", True, "127.0.0.1", 0)
    assert (conf.server_url_env, conf.default_url, conf.token_file) == (None, None, None)
    assert (conf.migrated_databases, conf.strict_migrations) == ((), False)


def test_format_port_is_exclusive_only_on_request(settings: Settings) -> None:
    del settings.DISCOVERY_TOKEN_FILE
    settings.DISCOVERY_PORT_FILE_FORMAT = "port"
    assert conf.exclusive is False
    settings.DISCOVERY_EXCLUSIVE = True
    assert conf.exclusive is True


@pytest.mark.parametrize(
    ("port_file", "token_file"),
    [("server.lock", None), ("server.json", "server.json"), ("server.json", "server.lock")],
)
def test_files_of_one_name_are_refused(settings: Settings, port_file: str, token_file: str | None) -> None:
    assert check_file_names() == []
    settings.DISCOVERY_PORT_FILE, settings.DISCOVERY_TOKEN_FILE = port_file, token_file
    [error] = check_file_names()
    assert error.id == "discovery.E017"
    assert repr(port_file) in error.msg


def test_unknown_setting_is_warned_about(settings: Settings) -> None:
    assert check_unknown_settings() == []
    settings.DISCOVERY_PORTFILE = "port"
    [warning] = check_unknown_settings()
    assert (warning.msg, warning.id) == ("DISCOVERY_PORTFILE is not a setting of discovery.", "discovery.W002")
    assert warning.hint == "Did you mean DISCOVERY_PORT_FILE?"
