"""Loaded before Django's settings: the tests have a config directory and a home of their own.

Also a pytest plugin that saves processor time in each process that runs tests.
"""

from __future__ import annotations

import atexit
import gc
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Generator

import pytest

SCRATCH = tempfile.mkdtemp(prefix="pm-tests-")
atexit.register(shutil.rmtree, SCRATCH, ignore_errors=True)

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # a shell's background job; our children shall hear it
    signal.signal(signal.SIGINT, signal.default_int_handler)
if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:  # nohup: we ignore it still, a handler is not inherited
    signal.signal(signal.SIGHUP, lambda *_: None)


def is_foreign(name: str) -> bool:
    """Return True for a variable that would change what the tests see."""
    # Without bytecode, every process that a test starts would compile its modules again.
    prefixes = ("PM_", "GIT_", "CIDELDILL_", "XDG_", "PYTHONDONTWRITEBYTECODE")
    return not name.startswith("PM_TEST_") and (name.startswith(prefixes) or "proxy" in name.lower())


for name in filter(is_foreign, list(os.environ)):
    del os.environ[name]
os.environ["HOME"] = os.path.join(SCRATCH, "home")
os.environ["PM_CONFIG_DIR"] = os.path.join(SCRATCH, "config", ".pm")
for name in ("HOME", "PM_CONFIG_DIR"):
    os.makedirs(os.environ[name], mode=0o700)
sys.dont_write_bytecode = False  # nor would pytest keep the tests that it has rewritten, which takes 8 s


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Collect no garbage while pytest collects 6,000 tests, and never look at these again: it takes 3 s."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()
