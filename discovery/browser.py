"""Open the user's browser without waiting for it: some browsers run until their window is closed."""

from __future__ import annotations

import subprocess
import sys

OPEN = "import sys, webbrowser; sys.exit(not webbrowser.open(sys.argv[1]))"
# They need the terminal.
CONSOLE_BROWSERS = ("www-browser", "links", "elinks", "lynx", "w3m")


def visit(url: str, *, patience: float = 0.0) -> bool:
    """Open the browser at `url`; return False if that failed within `patience` seconds.

    The browser's output is discarded. If this process has a terminal, a console browser gets it and is waited for.
    """
    if _takes_terminal():
        return subprocess.call([sys.executable, "-I", "-c", OPEN, url], stdout=sys.stderr) == 0
    child = subprocess.Popen(
        [sys.executable, "-I", "-c", OPEN, url],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # it outlives this process, and Ctrl-C must not reach it
    )
    try:
        return child.wait(patience) == 0
    except subprocess.TimeoutExpired:
        child.returncode = 0  # otherwise Popen warns that it is still running
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
