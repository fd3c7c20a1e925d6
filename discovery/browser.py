"""Open the user's browser without waiting for it: some run until their window is closed."""

from __future__ import annotations

import subprocess
import sys

OPEN = "import sys, webbrowser; sys.exit(not webbrowser.open(sys.argv[1]))"
# They need the terminal for themselves.
CONSOLE_BROWSERS = ("www-browser", "links", "elinks", "lynx", "w3m")


def visit(url: str, *, patience: float = 0.0) -> bool:
    """Open the browser at `url`; return False if that has failed within `patience` seconds.

    What the browser prints is dropped. A console browser is waited for, if this process has a terminal to lend it.
    """
    if _takes_terminal():
        return subprocess.call([sys.executable, "-I", "-c", OPEN, url], stdout=sys.stderr) == 0
    child = subprocess.Popen(
        [sys.executable, "-I", "-c", OPEN, url],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # it outlives us, and the terminal's Ctrl-C is not meant for it
    )
    try:
        return child.wait(patience) == 0
    except subprocess.TimeoutExpired:
        child.returncode = 0  # else Popen warns that it still runs
        return True


def _takes_terminal() -> bool:
    import os
    import webbrowser

    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    try:
        name = webbrowser.get().name
    except webbrowser.Error:
        return False
    return os.path.basename(name) in CONSOLE_BROWSERS
