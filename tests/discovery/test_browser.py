"""A browser that runs until its window is closed holds nobody up."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from tests.processes import Server, poll

Start = Callable[..., Server]


def test_server_does_not_wait_for_the_browser_that_it_opens(start_host: Start, tmp_path: Path) -> None:
    seen, window, browser = tmp_path / "seen", tmp_path / "window", tmp_path / "browser"
    os.mkfifo(window)
    browser.write_text(f'#!/bin/sh\necho "$1" > {seen}\ncat {window} > {tmp_path / "closed"}\n')
    browser.chmod(0o755)
    host = start_host("--open", "--workers", "2", env={"BROWSER": f"{browser} %s"})
    poll(lambda: seen.exists() and seen.read_text() == f"{host.url}\n")
    assert len(host.workers(3)) == 3  # both and the browser: the master goes on
    assert host.end()[0] == 0
    window.write_text("closed")  # the browser still reads it
    poll(lambda: (tmp_path / "closed").read_text() == "closed")
