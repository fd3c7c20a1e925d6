"""`--reload`, and edited templates on a development site without it."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from discovery import lock
from discovery.arbiter import CHECK_INTERVAL
from discovery.server import GRACE
from tests.discovery.conftest import Site, lock_of
from tests.processes import Server, poll, scaled


class Output:
    """What a server has said on standard error so far."""

    def __init__(self, server: Server) -> None:
        self.lines: list[str] = []
        assert server.process.stderr is not None
        threading.Thread(target=self._read, args=(server.process.stderr,), daemon=True).start()

    def _read(self, stream: object) -> None:
        self.lines.extend(iter(stream.readline, ""))

    def count(self, text: str) -> int:
        return sum(text in line for line in self.lines)


def pages(server: Server, workers: int = 2) -> set[str]:
    """Return what all workers answer for the template."""
    bodies: dict[str, str] = {}

    def ask() -> bool:
        body, pid = server.request("GET", "/page").text.split()
        bodies[pid] = body
        return len(bodies) == workers

    poll(ask)
    return set(bodies.values())


def word(server: Server) -> str:
    return server.request("GET", "/").text.split()[-1]


def published(server: Server) -> dict[str, object] | None:
    try:
        return dict(json.loads(server.port_file.read_text()))
    except (OSError, ValueError):
        return None


def looked_again(server: Server, started: float) -> Callable[[], bool]:
    """Return a probe that is true when the master has looked at the files twice."""
    return lambda: time.monotonic() - started > 2.5 * CHECK_INTERVAL


@pytest.mark.parametrize("arguments", [[], ["--reload"]])
def test_edited_template_shows_in_all_workers_without_a_restart(site: Site, arguments: list[str]) -> None:
    server = site.start(*arguments)
    workers = set(server.workers())
    assert pages(server) == {"old"}
    site.write("templates/page.html", "new {{ pid }}\n")
    poll(lambda: pages(server) == {"new"})
    assert set(server.workers()) == workers
    assert published(server) == server.info


def test_deleted_template_is_missed_and_shows_when_it_is_back(site: Site) -> None:
    server = site.start("--workers", "1")
    assert pages(server, workers=1) == {"old"}
    (site.templates / "page.html").unlink()
    poll(lambda: server.request("GET", "/page").status_code == 500)
    site.write("templates/page.html", "new {{ pid }}\n")
    poll(lambda: server.request("GET", "/page").status_code == 200)
    assert pages(server, workers=1) == {"new"}


def test_template_edits_without_debug_wait_for_a_restart(site: Site) -> None:
    server = site.start(DEBUG=False, ALLOWED_HOSTS=["127.0.0.1"])
    # The main thread and the first of the pool; a watcher would be a third.
    poll(lambda: {len(os.listdir(f"/proc/{worker}/task")) for worker in server.workers()} == {2})


def test_untouched_code_is_never_a_reason_to_restart(site: Site) -> None:
    server = site.start("--reload")
    poll(looked_again(server, time.monotonic()))
    assert published(server) == server.info


def test_edited_code_restarts_once_with_the_same_process_port_and_arguments(site: Site) -> None:
    server = site.start("--reload")
    output = Output(server)
    arguments = Path(f"/proc/{server.pid}/cmdline").read_bytes()
    site.write("words.py", "WORD = 'new'\n")
    poll(lambda: output.count("words.py changed; restarting"))
    poll(lambda: word(server) == "new")
    info = poll(lambda: published(server))
    assert info["instance_id"] != server.info["instance_id"]
    assert (info["pid"], info["port"]) == (server.pid, server.info["port"])
    poll(looked_again(server, time.monotonic()))
    assert published(server) == info
    assert Path(f"/proc/{server.pid}/cmdline").read_bytes() == arguments
    site.write("words.py", "WORD = 'newer'\n")
    poll(lambda: word(server) == "newer")
    assert Path(f"/proc/{server.pid}/cmdline").read_bytes() == arguments
    assert server.end()[0] == 0


def test_edit_within_the_second_of_the_bytecode_is_served(site: Site) -> None:
    second = int(time.time()) - 10
    os.utime(site.folder / "words.py", (second, second))
    server = site.start("--reload")
    new = site.folder / "new.py"
    new.write_text("WORD = 'new'\n")  # of the same size
    os.utime(new, (second + 0.5, second + 0.5))
    new.replace(site.folder / "words.py")
    poll(lambda: word(server) == "new")


def test_module_that_only_a_worker_imported_is_watched(site: Site) -> None:
    site.write("late.py", "WORD = 'old'\n")
    server = site.start("--reload", "--workers", "1")
    assert server.request("GET", "/late").text == "old"
    poll(looked_again(server, time.monotonic()))
    site.write("late.py", "WORD = 'later'\n")
    poll(lambda: server.request("GET", "/late").text == "later")


def test_edit_during_the_start_restarts_again(site: Site) -> None:
    site.write("site_urls.py", (site.folder / "site_urls.py").read_text() + "\nopen('imported', 'w').close()\n")
    server = site.start("--reload", ready=False)
    poll(lambda: (site.folder / "imported").exists())
    site.write("words.py", "WORD = 'newer'\n")
    server.ready()
    poll(lambda: word(server) == "newer")
    assert server.end()[0] == 0


def test_module_that_is_written_at_every_start_does_not_restart_for_ever(site: Site) -> None:
    text = (site.folder / "site_urls.py").read_text()
    site.write("site_urls.py", "import stamped, time\nopen(stamped.__file__, 'w').write(str(time.time()))\n" + text)
    (site.folder / "stamped.py").write_text("0\n")
    server = site.start("--reload")
    output = Output(server)
    poll(lambda: output.count("changes during every start"), 60)
    assert output.count("restarting") == 3


def test_requests_during_a_restart_wait_and_none_is_refused(site: Site) -> None:
    server = site.start("--reload")
    site.write("words.py", "WORD = 'new'\n")
    texts = []
    poll(lambda: texts.append(word(server)) or texts[-1] == "new")
    assert set(texts) == {"old", "new"}


def test_long_request_does_not_hold_up_a_restart(site: Site) -> None:
    server = site.start("--reload")
    output = Output(server)
    with socket.create_connection(("127.0.0.1", server.info["port"])) as client:
        client.sendall(b"GET /slow HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        site.write("words.py", "WORD = 'new'\n")
        poll(lambda: output.count("restarting"))
        begin = time.monotonic()
        poll(lambda: word(server) == "new")
        assert time.monotonic() - begin < scaled(GRACE)


def test_lock_is_kept_through_a_restart(site: Site) -> None:
    server = site.start("--reload")
    site.write("words.py", "import time; time.sleep(1); WORD = 'new'\n")
    seen = set()
    poll(lambda: seen.add(lock.probe(lock_of(server))) or word(server) == "new")
    poll(lambda: published(server))
    assert seen == {lock.HELD}


BROKEN = [
    ("words.py", "WORD = 'new'\nnowhere\n", "NameError: name 'nowhere' is not defined", "words.py, line 2"),
    ("words.py", "import nowhere_to_be_found\n", "No module named 'nowhere_to_be_found'", "words.py, line 1"),
    ("words.py", "raise SystemError('x\\ny')\n", "SystemError: x y", "words.py, line 1"),
    ("site_settings.py", "import nowhere_to_be_found\n", "No module named 'nowhere_to_be_found'", "site_settings.py"),
    ("manage.py", "nowhere\n", "NameError: name 'nowhere' is not defined", "manage.py, line 1"),
]


@pytest.mark.parametrize(("name", "text", "message", "place"), BROKEN)
def test_broken_code_is_one_line_and_the_mended_code_is_served(
    site: Site, name: str, text: str, message: str, place: str
) -> None:
    server = site.start("--reload")
    output = Output(server)
    right = (site.folder / name).read_text()
    site.write(name, text)
    poll(lambda: output.count("waiting for a change"))
    assert [line for line in output.lines if message in line and place in line]
    assert len(output.lines) == 3, output.lines  # restarting, the error, waiting
    assert published(server) is None
    assert lock.probe(lock_of(server)) == lock.FREE
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", server.info["port"]), 5).close()
    site.write(name, right)
    info = poll(lambda: published(server))
    assert (info["pid"], info["port"]) == (server.pid, server.info["port"])
    assert word(server) == "old"
    assert server.end()[0] == 0


def test_syntax_error_leaves_the_old_code_serving_until_it_is_mended(site: Site) -> None:
    server = site.start("--reload")
    output = Output(server)
    site.write("words.py", "WORD = (\n")
    poll(lambda: output.count("not restarted"))
    assert output.count("words.py, line 1")
    assert word(server) == "old"
    site.write("words.py", "WORD = 'new'\n")
    poll(lambda: word(server) == "new")


def test_failing_check_before_the_first_answer_waits_for_a_mend(site: Site) -> None:
    right = (site.folder / "site_urls.py").read_text()
    site.write("site_urls.py", right + "urlpatterns.append('nothing')\n")
    server = site.start("--reload", ready=False)
    output = Output(server)
    poll(lambda: output.count("waiting for a change"))
    assert output.count("urls.E004")
    site.write("site_urls.py", right)
    server.ready()
    assert word(server) == "old"


def test_missing_module_that_appears_is_noticed(site: Site) -> None:
    site.write("site_urls.py", "import later\n" + (site.folder / "site_urls.py").read_text())
    server = site.start("--reload", ready=False)
    output = Output(server)
    poll(lambda: output.count("waiting for a change"))
    site.write("later.py", "")
    server.ready()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_while_waiting_for_a_mend_ends_the_server(site: Site, number: int) -> None:
    server = site.start("--reload")
    output = Output(server)
    site.write("words.py", "nowhere\n")
    poll(lambda: output.count("waiting for a change"))
    server.send(number)
    assert server.process.wait(5) == 0


@pytest.mark.parametrize(
    ("number", "delay"),
    [(signal.SIGTERM, 0.0), (signal.SIGINT, 0.1), (signal.SIGHUP, 0.1), (signal.SIGTERM, 0.6)],
)
def test_signal_during_a_restart_ends_the_server(site: Site, number: int, delay: float) -> None:
    server = site.start("--reload")
    output = Output(server)
    site.write("words.py", "import time; time.sleep(1); WORD = 'new'\n")
    poll(lambda: output.count("restarting"))
    begin = time.monotonic()
    poll(lambda: time.monotonic() - begin >= delay)
    server.send(number)
    assert server.process.wait(10) in (0, -number)
    assert published(server) is None


def test_changed_port_setting_is_taken_on(site: Site, free_port: int) -> None:
    server = site.start("--reload")
    settings = (site.folder / "site_settings.py").read_text()
    site.write("site_settings.py", f"{settings}DISCOVERY_PORT = {free_port}\n")
    assert poll(lambda: (published(server) or {}).get("port") == free_port)


def test_wanted_port_in_use_ends_a_strict_start(site: Site, server_of_another: int) -> None:
    server = site.start("--reload", "--strict-port", "--port", str(server_of_another), ready=False)
    code, err = server.end()
    assert code == 1
    assert re.fullmatch(r"error: port \d+ is in use .*\n", err)


def test_wrong_argument_ends_the_start(site: Site) -> None:
    code, err = site.start("--reload", "--workers", "0", ready=False).end()
    assert code == 1
    assert "--workers 0: must be a whole number from 1" in err


def test_inline_program_is_refused(site: Site) -> None:
    server = site.start_server(
        site.folder,
        "--reload",
        ready=False,
        command=[sys.executable, "-c", (site.folder / "manage.py").read_text()],
        HOST_SETTINGS="{}",
    )
    code, err = server.end()
    assert code == 1
    assert "a script or a module" in err


@pytest.fixture
def server_of_another() -> object:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


@pytest.fixture
def free_port() -> int:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        return int(other.getsockname()[1])
