"""`pm board push` and `pull` between a laptop and a team server behind a proxy; kills on either side."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from functools import partial
from pathlib import Path

import pytest
import requests

from tests.boards import board_file
from tests.processes import DEADLINE, MANAGE, children, environment, poll
from tests.projects.client.conftest import Result
from tests.projects.client.terminals import on_terminal
from tests.projects.team.places import Proxy, TeamServer, csrf_of, free_port, sign_in
from tests.projects.team.test_serve import Laptop

pytestmark = pytest.mark.skipif(not shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/bin"), reason="no nginx")


@pytest.fixture
def proxy(tmp_path: Path) -> Iterator[Proxy]:
    found = Proxy(tmp_path / "nginx", free_port())
    server = TeamServer(tmp_path / "team", f"localhost:{found.port}")
    found.start(server.url)
    found.server = server
    yield found
    found.stop()
    server.stop()


class Mover(Laptop):
    """A laptop with a local board, logged in, and the token of an administrator."""

    def __init__(self, folder: Path, proxy: Proxy) -> None:
        super().__init__(folder, proxy)
        self.config_directory = self.repository / ".pm"
        scopes = [word for scope in ("read", "write", "admin", "person") for word in ("--scope", scope)]
        self.token = proxy.server.manage("token", "create", "move", "--user", "ada", *scopes).strip()

    def fill(self) -> None:
        """Start a local server, fill its board, and leave the server running."""
        self.answer("server", "start", "--workers", "1")
        (self.repository / "board.json").write_bytes(board_file())
        self.answer("sync", "import", "-f", "board.json")
        key = str(self.answer("create", "Attached", "-t", "task", "--project", "PONE", CLAUDECODE="1")["key"])
        (self.repository / "file.txt").write_text("content")
        self.answer("attach", key, "file.txt")

    def move(self, *arguments: str, **env: str) -> Result:
        """Run `pm board` as a person on a terminal who agrees."""
        changes = {"XDG_CONFIG_HOME": str(self.config), "SSL_CERT_FILE": str(self.proxy.certificate)}
        result, _ = on_terminal(
            self.repository, "board", *arguments, typed="y\ny\n", **(changes | {"PM_TOKEN": self.token} | env)
        )
        return result

    def move_approved(self, browser: requests.Session, *arguments: str) -> Result:
        """Run `pm board` without a token, and approve in the browser what it asks for."""
        with ThreadPoolExecutor(1) as pool:
            result = pool.submit(self.move, *arguments, "--no-browser", PM_TOKEN="")
            code = poll(self._code, 4 * DEADLINE, "the request for a token")
            page = f"{self.proxy.url}/device/?code={code}"
            shown = browser.get(page, timeout=DEADLINE)
            assert "administer the server" in shown.text
            form = {"code": code, "answer": "approve", "csrfmiddlewaretoken": csrf_of(shown)}
            browser.post(f"{self.proxy.url}/device/", data=form, headers={"Referer": page}, timeout=DEADLINE)
            return result.result()

    def _code(self) -> str | None:
        with closing(sqlite3.connect(self.proxy.server.folder / "data.db")) as board:
            found = board.execute("SELECT user_code FROM projects_devicecode").fetchone()
        return found and str(found[0])

    def start_moving(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Run the command in the background, on a terminal."""
        program = [*MANAGE, "pm", "board", *arguments]
        command = f"printf 'y\\ny\\n' | script -qec {json.dumps(' '.join(program))} /dev/null"
        return subprocess.Popen(
            ["sh", "-c", command],
            cwd=self.repository,
            env=self.env | {"PM_TOKEN": self.token},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def refused(self, *arguments: str, **env: str) -> dict[str, str]:
        """Run `pm board` as `move` does; return the error."""
        result = self.move(*arguments, **env)
        assert result.code != 0, result.out
        return dict(json.loads(result.err.splitlines()[-1])["error"])

    def is_untouched(self) -> bool:
        """Return True if the local board is in its place, and nothing says that it is elsewhere."""
        moved = (self.config_directory / "remote.json").exists() or self.kept()
        return (self.config_directory / "data.db").exists() and not moved

    def exported(self, **env: str) -> bytes:
        """Return the export of the board that commands use."""
        call = self.run("sync", "export", **env)
        assert call.returncode == 0, call.stderr
        return call.stdout.encode()

    def staged(self, name: str) -> list[Path]:
        """Return the file of this name of a move that goes on."""
        return [*self.config_directory.glob(f".backup-move-*/{name}")]

    def kept(self) -> list[Path]:
        return sorted(self.config_directory.glob("data.db.moved-*"))


@pytest.fixture
def laptop(tmp_path: Path, proxy: Proxy) -> Iterator[Mover]:
    found = Mover(tmp_path / "laptop", proxy)
    found.fill()
    yield found
    found.run("server", "stop", XDG_CONFIG_HOME=str(tmp_path / "nobody"))


def test_board_moves_to_the_server_and_back_through_refusals_and_kills(
    laptop: Mover, proxy: Proxy, tmp_path: Path
) -> None:
    """One journey, as a team's server and its proxy take seconds to start."""
    assert laptop.refused("push", proxy.url)["code"] == "NO_SERVER"  # not logged in
    before, log = laptop.exported(), laptop.run("activity", "list", "--limit", "100").stdout
    with proxy.session() as ada:
        sign_in(ada, proxy.url)
        assert '"user":"ada"' in laptop.log_in(ada)
    refuse_agents_and_programs(laptop, proxy)
    kill_the_server(laptop, proxy)
    kill_the_client(laptop, proxy)
    pushed = laptop.move("push", proxy.url)
    assert pushed.code == 0, pushed.err
    assert json.loads(pushed.out)["pushed"]["to_commit"] == ["git add -f .pm/remote.json"]
    assert not (laptop.config_directory / "data.db").exists()
    [kept] = laptop.kept()
    assert kept.stat().st_mode & 0o777 == 0o400
    assert laptop.staged("") == []
    assert laptop.exported() == before
    assert laptop.run("activity", "list", "--limit", "100").stdout == log
    assert laptop.error("server", "start")["code"] == "FILE_REFUSED"  # no empty board beside it
    # Another clone with the committed file goes nowhere before its own login.
    other = Laptop(tmp_path / "other", proxy)
    (other.repository / ".pm").mkdir()
    shutil.copy(laptop.config_directory / "remote.json", other.repository / ".pm")
    error = other.error("list")
    assert (error["code"], error["try"]) == ("NO_SERVER", f"pm login {proxy.url}")
    assert laptop.refused("push", proxy.url)["code"] == "FILE_REFUSED"  # nothing is here
    report_commits(laptop)
    # And back.
    after = laptop.exported()
    assert after != before
    with proxy.session() as ada:
        sign_in(ada, proxy.url)
        pulled = laptop.move_approved(ada, "pull")
    assert pulled.code == 0, pulled.err
    assert proxy.server.manage("token", "list").count("revoked") == 2  # that of the login, and the approved one
    assert not (laptop.config_directory / "remote.json").exists()
    assert not (laptop.config_directory / "reported.json").exists()
    laptop.answer("server", "start", "--workers", "1")
    assert laptop.exported() == after
    assert laptop.kept() == [kept]


def refuse_agents_and_programs(laptop: Mover, proxy: Proxy) -> None:
    assert laptop.refused("push", proxy.url, CLAUDECODE="1")["code"] == "FORBIDDEN"
    assert laptop.error("board", "push", proxy.url)["code"] == "FORBIDDEN"  # no terminal
    token = (laptop.config / "pm" / "servers.toml").read_text().partition('token = "')[2].partition('"')[0]
    assert "scope admin" in laptop.refused("push", proxy.url, PM_TOKEN=token)["message"]
    headers = {"Authorization": f"Bearer {laptop.token}", "Content-Type": "application/x-ndjson", "Accept": "*/*"}
    with proxy.session() as session:
        answer = session.post(f"{proxy.url}/api/v1/board/history/", headers=headers, data=b"{}", timeout=DEADLINE)
    assert answer.status_code == 403  # a program, not a person on a terminal
    assert laptop.is_untouched()


def kill_the_server(laptop: Mover, proxy: Proxy) -> None:
    """Kill its workers as long as the client sends: it stores all or nothing."""
    process = laptop.start_moving("push", proxy.url)
    while process.poll() is None:
        if laptop.staged("data.json"):
            for worker in children(proxy.server.process.pid):
                with suppress(ProcessLookupError):
                    os.kill(worker, signal.SIGKILL)
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.1)
    assert process.returncode != 0
    assert laptop.is_untouched()


def kill_the_client(laptop: Mover, proxy: Proxy) -> None:
    """Kill it while it compares, when the server has the board."""
    process = laptop.start_moving("push", proxy.url)
    poll(partial(laptop.staged, "there.json"), 8 * DEADLINE, "the comparison")
    os.killpg(process.pid, signal.SIGKILL)
    process.wait(DEADLINE)
    assert laptop.is_untouched()


def report_commits(laptop: Mover) -> None:
    """Commit, and begin an item: the server, which has no checkout, gets the commit."""
    env = environment(**{f"GIT_{who}_{what}": "a@b.c" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")})
    key = str(laptop.answer("create", "Made there", "-t", "task", "--project", "PONE")["key"])
    for message in (f"{key} Begin it", "Name nothing"):
        command = ["git", "commit", "-q", "--allow-empty", "-m", message]
        subprocess.run(command, cwd=laptop.repository, env=env, check=True)
    laptop.answer("begin", key, CLAUDECODE="1")
    found = laptop.answer("commits", key)["commits"]
    assert isinstance(found, list)
    assert [(each["subject"], each["author"]) for each in found] == [(f"{key} Begin it", "a@b.c")]
    assert found[0]["reported_by"] == f"claude (through ada) from {os.uname().nodename}"
    assert laptop.answer("commits", "--send") == {"reported": {"sent": 0, "new": 0}}
