from __future__ import annotations

import os
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pmsite import config
from pmsite.config import ConfigError, load
from projects.config_schema import OPTIONS, template


def write(directory: Path, text: str) -> str:
    (directory / "config.toml").write_text(text)
    return str(directory)


def test_defaults_serve_without_a_file(tmp_path: Path) -> None:
    values = load(str(tmp_path), {})
    assert values["server.host"] == "127.0.0.1"
    assert values["server.port"] == 0
    assert values["api.page_size"] == 100


def test_environment_outranks_the_file(tmp_path: Path) -> None:
    directory = write(tmp_path, '[server]\nport = 5001\nworkers = 3\n[logging]\nlevel = "debug"\n')
    values = load(directory, {"PM_SERVER_PORT": "5002", "PM_SERVER_THREADS": ""})
    assert (values["server.port"], values["server.workers"], values["server.threads"]) == (5002, 3, 4)
    assert values["logging.level"] == "debug"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[server]\nprot = 5\n", "server.prot = 5: unknown key; did you mean server.port?"),
        (
            "[serve]\nport = 5\n",
            "unknown section serve; allowed: server, logging, validation, api, sync; did you mean server",
        ),
        ("port = 5\n", "unknown section port"),
        ("server = 5\n", "server = 5: server is a section; write [server] above its keys"),
        ("[server]\nport = 80\n", "server.port = 80: allowed: 0 or 1024..65535"),
        ("[server]\nport = 70000\n", "allowed: 0 or 1024..65535"),
        ("[server]\nport = true\n", "server.port = True"),
        ('[server]\nport = "x"\n', "server.port = 'x'"),
        ("[server]\nport = 5000.5\n", "server.port = 5000.5"),
        ("[server]\nworkers = 0\n", "a whole number from 1 to 64"),
        ('[logging]\nlevel = "loud"\n', "one of debug, info, warning, error, critical"),
        ('[server]\nhost = "0.0.0.0"\n', "only a loopback address or localhost is allowed here"),
        ('[server]\nhost = "10.1.2.3"\n', "--allow-remote"),
        ('[server]\nhost = "rebind.example"\n', "--allow-remote"),
        ("[server\n", "not valid TOML"),
        ("[api]\npage_size = 1001\n", "1 to 1000"),
    ],
)
def test_wrong_file_is_one_line_that_names_the_key(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(write(tmp_path, text), {})
    assert message in str(caught.value)
    assert str(tmp_path / "config.toml") in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("value", ["80", "x", "-1", "1e3", "99999", "٥٠٠٠ "])
def test_wrong_variable_is_named(tmp_path: Path, value: str) -> None:
    if value.strip().isdecimal() and 1024 <= int(value) <= 65535:
        assert load(str(tmp_path), {"PM_SERVER_PORT": value})["server.port"] == int(value)
        return
    with pytest.raises(ConfigError, match="environment: PM_SERVER_PORT"):
        load(str(tmp_path), {"PM_SERVER_PORT": value})


def test_misspelt_variable_is_warned_of_and_others_are_left_alone() -> None:
    [warning] = config.misspelt({"PM_SERVER_PROT": "1", "PM_SERVER_URL": "x", "PM_API_KEY": "x", "PM2_HOME": "x"})
    assert warning == "environment: unknown setting PM_SERVER_PROT; did you mean PM_SERVER_PORT?"


def test_link_out_of_the_directory_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere.toml").write_text("[server]\nport = 5000\n")
    (tmp_path / "config.toml").symlink_to(tmp_path / "elsewhere.toml")
    with pytest.raises(ConfigError, match="symbolic link"):
        load(str(tmp_path), {})


def test_fifo_and_directory_are_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "config.toml")
    with pytest.raises(ConfigError, match="not a regular file"):
        load(str(tmp_path), {})
    (tmp_path / "config.toml").unlink()
    (tmp_path / "config.toml").mkdir()
    with pytest.raises(ConfigError, match="not a regular file"):
        load(str(tmp_path), {})


def test_template_sets_nothing_and_names_every_key(tmp_path: Path) -> None:
    text = template()
    assert load(write(tmp_path, text), {}) == load(str(tmp_path / "none"), {})
    uncommented = tomllib.loads("\n".join(line.removeprefix("# ") for line in text.splitlines()[1:]))
    assert {f"{s}.{k}" for s, keys in uncommented.items() for k in keys} == set(OPTIONS)


@given(st.text())
def test_any_text_is_settings_or_one_line(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    directory = tmp_path_factory.mktemp("config")
    (directory / "config.toml").write_text(text, encoding="utf-8", errors="surrogatepass", newline="")
    error = ""
    try:
        load(str(directory), {})
    except ConfigError as caught:
        error = str(caught)
    assert "\n" not in error
