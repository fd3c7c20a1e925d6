#!/usr/bin/env python3
"""Show the whole sequence: start the server, wait for its file, call the server on the port in the file.

Each iteration prints the port and stops the server.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import webbrowser
from pathlib import Path

HERE = Path(__file__).resolve().parent
START_TIMEOUT = 20.0  # seconds
STOP_TIMEOUT = 15.0  # seconds


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--iterations", type=int, default=1, metavar="N", help="number of runs (%(default)s)")
    parser.add_argument("--no-browser", action="store_true", help="do not open a browser")
    parser.add_argument("--port", type=int, help="preferred port (5174 in the settings)")
    options = parser.parse_args()
    if options.iterations < 1:
        parser.error("--iterations takes a whole number from 1")
    _set_up_django()
    for _ in range(options.iterations):
        code = run_once(options.port, browser=not options.no_browser)
        if code:
            return code
    return 0


def run_once(port: int | None, *, browser: bool) -> int:
    """Run the sequence once and return the exit code."""
    from discovery.client import ClientError, connect

    command = [sys.executable, str(HERE / "manage.py"), "runserver_discover"]
    if port is not None:
        command += ["--port", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    try:
        ready = server.stdout.readline()  # the file exists before this line is printed
        if not ready:
            return server.wait(STOP_TIMEOUT) or 1
        with connect(timeout=START_TIMEOUT) as session:
            session.get("/api/breakpoints").raise_for_status()
            print(f"port {session.base_url.rpartition(':')[2]}", flush=True)
            if browser:
                webbrowser.open(session.base_url)
    except ClientError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    finally:
        server.terminate()
        server.wait(STOP_TIMEOUT)
        server.stdout.close()
    return 0


def _set_up_django() -> None:
    sys.path[:0] = [str(HERE), str(HERE.parents[1])]  # this site, and the `discovery` of this checkout
    os.environ["DJANGO_SETTINGS_MODULE"] = "breakpoints.settings"
    import django

    django.setup()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
