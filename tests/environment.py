"""Loaded before Django's settings: the tests have a config directory and a home of their own."""

from __future__ import annotations

import atexit
import os
import shutil
import signal
import tempfile

SCRATCH = tempfile.mkdtemp(prefix="pm-tests-")
atexit.register(shutil.rmtree, SCRATCH, ignore_errors=True)

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # a shell's background job; our children shall hear it
    signal.signal(signal.SIGINT, signal.default_int_handler)

for name in [
    name for name in os.environ if name.startswith(("PM_", "GIT_", "CIDELDILL_", "XDG_")) or "proxy" in name.lower()
]:
    del os.environ[name]
os.environ["HOME"] = os.path.join(SCRATCH, "home")
os.environ["PM_CONFIG_DIR"] = os.path.join(SCRATCH, "config", ".pm")
for name in ("HOME", "PM_CONFIG_DIR"):
    os.makedirs(os.environ[name], mode=0o700)
