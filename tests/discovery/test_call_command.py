"""`call_command("runserver_discover")` leaves its process as it was."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from discovery import lock
from tests.discovery.conftest import HOST
from tests.processes import CHECKOUT, DEADLINE, environment

PROGRAM = """
import gc, json, logging, os, resource, signal, sys, threading

import django
from django.conf import settings
from django.core.management import call_command

django.setup()

from discovery import lock, portfile, runtime, signals
from discovery.conf import conf


def fail(**kwargs):
    raise RuntimeError("this site is not ready")


def state():
    loggers = [logging.getLogger(name) for name in ("gunicorn.error", "gunicorn.access")]
    return {
        "signals": {number: signal.getsignal(number) for number in signal.valid_signals()},
        "settings": (list(settings.ALLOWED_HOSTS), list(settings.CSRF_TRUSTED_ORIGINS)),
        "runtime": dict(vars(runtime.current)),
        "limit": resource.getrlimit(resource.RLIMIT_NOFILE),
        "frozen": gc.get_freeze_count(),
        "environment": dict(os.environ),
        "streams": (sys.stdout, sys.stderr),
        "loggers": [(one.level, one.propagate, one.disabled, list(one.handlers)) for one in loggers],
        "descriptors": sorted(os.listdir("/proc/self/fd")),
    }


def call():
    try:
        call_command("runserver_discover", idle_timeout=1)
        said.append("")
    except Exception as error:
        said.append(f"{type(error).__name__}: {error}")


if os.environ.get("HOST_BREAKS") == "starting":
    signals.server_starting.connect(fail)
said, before = [], state()
for _ in range(2):
    if os.environ.get("HOST_THREAD"):
        thread = threading.Thread(target=call)
        thread.start()
        thread.join()
    else:
        call()
after = state()
changed = {key: [str(before[key]), str(after[key])] for key in before if before[key] != after[key]}
print(json.dumps({"said": said, "changed": changed, "lock": lock.probe(portfile.lock_path(conf.port_file))}))
"""


def call_twice(directory: Path, *, env: dict[str, str] | None = None, **settings: Any) -> dict[str, Any]:
    """Call the command twice in one process; return what it raised and what it changed."""
    variables = {
        "DJANGO_SETTINGS_MODULE": "host_settings",
        "HOST_SETTINGS": json.dumps({"DISCOVERY_DIR": str(directory), **settings}),
        "PYTHONPATH": os.pathsep.join([str(CHECKOUT), str(Path(HOST[1]).parent)]),
        "GUNICORN_CMD_ARGS": "--workers 7",
    }
    call = subprocess.run(
        # gunicorn leaves a socket for the garbage collector.
        [sys.executable, "-W", "error", "-W", "ignore::ResourceWarning", "-c", PROGRAM],
        env=environment(**variables, **(env or {})),
        capture_output=True,
        text=True,
        timeout=2 * DEADLINE,
        check=False,
    )
    assert call.returncode == 0, call.stderr
    assert "Traceback" not in call.stderr
    answer: dict[str, Any] = json.loads(call.stdout.splitlines()[-1])
    return answer


def test_served_twice_leaves_the_process_as_it_was(tmp_path: Path) -> None:
    answer = call_twice(tmp_path, DISCOVERY_TOKEN_FILE="server.token")
    assert answer == {"said": ["", ""], "changed": {}, "lock": lock.FREE}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("breaks", "settings", "message"),
    [
        (None, {"MIDDLEWARE": ["nowhere.Middleware"]}, "CommandError: the application could not be loaded"),
        (None, {"DISCOVERY_HOST": "nowhere.invalid"}, "CommandError: host nowhere.invalid"),
        (None, {"DISCOVERY_PORT": "abc"}, "CommandError: DISCOVERY_PORT is 'abc'. Set it to 0"),
        ("import", {}, "CommandError: the application could not be loaded"),
        ("starting", {}, "RuntimeError: this site is not ready"),
        ("worker", {}, "CommandError: the first worker could not start"),
    ],
)
def test_failed_start_leaves_the_process_as_it_was(
    tmp_path: Path, breaks: str | None, settings: dict[str, Any], message: str
) -> None:
    answer = call_twice(tmp_path, env={"HOST_BREAKS": breaks} if breaks else {}, **settings)
    assert all(said.startswith(message) for said in answer["said"]), answer
    assert answer["changed"] == {}
    assert answer["lock"] != lock.HELD


def test_call_in_a_thread_is_refused_in_one_line(tmp_path: Path) -> None:
    answer = call_twice(tmp_path, env={"HOST_THREAD": "1"})
    assert answer["said"] == 2 * [
        "CommandError: the server must run in the main thread, which receives signals; start a process for it"
    ]
    assert (answer["changed"], answer["lock"]) == ({}, lock.UNKNOWN)


@pytest.mark.parametrize("value", ["abc", "", 1.5, True, None])
@pytest.mark.parametrize("option", ["port", "workers", "threads", "idle_timeout"])
def test_option_that_is_not_a_number_is_refused_in_one_line(option: str, value: object) -> None:
    with pytest.raises(CommandError) as caught:
        call_command("runserver_discover", **{option: value})
    assert str(caught.value).startswith(f"--{option.replace('_', '-')} {value}: must be a whole number from ")


def test_number_as_text_is_accepted_as_on_the_command_line() -> None:
    with pytest.raises(CommandError, match="port 80 is not allowed"):
        call_command("runserver_discover", port="80")
