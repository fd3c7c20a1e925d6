"""The files in examples/team do what they are for; nginx is in `test_serve`."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.processes import CHECKOUT, DEADLINE, environment, poll
from tests.projects.team.browsers import NAME
from tests.projects.team.places import EXAMPLES, KEY, Proxy, TeamServer, free_port, sign_in

SBIN = os.environ["PATH"] + ":/usr/sbin:/sbin"


class Caddy(Proxy):
    """Caddy with the example configuration, on a free port with a certificate of its own."""

    def start(self, upstream: str) -> None:
        """Start Caddy in front of `upstream`, a URL."""
        example = (EXAMPLES / "Caddyfile").read_text()
        site = (
            example.replace(
                f"{NAME} {{", f"https://localhost:{self.port} {{\n\ttls {self.certificate} {self.folder}/key.pem"
            )
            .replace("127.0.0.1:8000", upstream.removeprefix("http://"))
            .replace(NAME, "localhost")
        )
        options = "{\n\tadmin off\n\tauto_https disable_redirects\n\tskip_install_trust\n\tdefault_bind 127.0.0.1\n}\n"
        (self.folder / "Caddyfile").write_text(options + site)
        program = shutil.which("caddy", path=SBIN)
        assert program
        self.process = subprocess.Popen(
            [program, "run", "--config", str(self.folder / "Caddyfile"), "--adapter", "caddyfile"],
            env={**os.environ, "HOME": str(self.folder), "XDG_DATA_HOME": str(self.folder)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        poll(self._answers, what="Caddy")


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Caddy]:
    if not shutil.which("caddy", path=SBIN):
        pytest.skip("no caddy")
    folder = tmp_path_factory.mktemp("caddy")
    found = Caddy(folder / "caddy", free_port())
    server = TeamServer(folder / "board", f"localhost:{found.port}")
    found.start(server.url)
    yield found
    found.stop()
    server.stop()


def test_caddy_passes_scheme_address_and_host_on(proxy: Caddy) -> None:
    browser = proxy.session()
    page = sign_in(browser, proxy.url)
    assert "Your tokens" in page.text
    assert {cookie.name for cookie in browser.cookies} == {"__Host-pm_session", "__Host-pm_csrf"}
    listed = browser.get(
        f"{proxy.url}/api/v1/activity/?limit=1", headers={"Accept": "application/json"}, timeout=DEADLINE
    )
    assert str(listed.json()["next"] or proxy.url).startswith(proxy.url)
    forged = {"X-Forwarded-For": "203.0.113.5", "X-Forwarded-Proto": "http"}
    assert browser.get(f"{proxy.url}/tokens/", headers=forged, timeout=DEADLINE).status_code == 200


def test_unit_is_valid(tmp_path: Path) -> None:
    program = shutil.which("systemd-analyze", path=SBIN)
    if program is None:
        pytest.skip("no systemd-analyze")
    # It checks that programs exist, so they are named where they are here.
    text = (EXAMPLES / "pm.service").read_text().replace("/opt/pm/bin/pm-manage", shutil.which("true") or "/bin/true")
    unit = tmp_path / "pm.service"
    unit.write_text(text)
    verify = [program, "verify", "--man=no", "--recursive-errors=no", str(unit)]
    found = subprocess.run(verify, capture_output=True, text=True, check=False, timeout=DEADLINE)
    assert (found.returncode, found.stderr + found.stdout) == (0, "")
    unit.write_text(text.replace("ExecStart=", "ExecStrat="))
    broken = subprocess.run(verify, capture_output=True, text=True, check=False, timeout=DEADLINE)
    assert "ExecStrat" in broken.stderr
    assert broken.returncode != 0


def instructions() -> list[tuple[str, str]]:
    """Return the instructions of the container file, continued lines joined."""
    text = (EXAMPLES / "Containerfile").read_text().replace("\\\n", " ")
    return [
        (line.split(None, 1)[0], line.split(None, 1)[1])
        for line in text.splitlines()
        if line and not line.startswith("#")
    ]


def test_commands_of_the_container_file_install_and_serve(tmp_path: Path) -> None:
    """Run its commands in an empty environment: what they install serves a board with its own arguments.

    Not run are the image that it starts from, and the commands that need one: users and volumes.
    """
    steps = dict(instructions())
    assert list(steps) == [
        *("FROM", "COPY", "RUN", "USER", "WORKDIR", "ENV", "VOLUME", "EXPOSE", "HEALTHCHECK"),
        "ENTRYPOINT",
        "CMD",
    ]
    place = tmp_path / "venv"
    uv = shutil.which("uv", path=str(CHECKOUT / ".venv" / "bin"))
    assert uv
    subprocess.run([uv, "venv", "--quiet", str(place)], check=True, timeout=2 * DEADLINE)
    source = tmp_path / "src"
    ignored = shutil.ignore_patterns(".*", "tests", "build", "dist", "*.egg-info", "__pycache__")
    shutil.copytree(CHECKOUT, source, ignore=ignored)
    install = steps["RUN"].partition("&&")[0].replace("/src", str(source))
    words = shlex.split(install)
    assert words[:3] == ["pip", "install", "--no-cache-dir"]
    installed = subprocess.run(
        [uv, "pip", "install", "--quiet", "--python", str(place), *words[3:]],
        capture_output=True,
        text=True,
        check=False,
        timeout=10 * DEADLINE,
    )
    assert installed.returncode == 0, installed.stderr
    url = steps["ENV"].partition("=")[2].replace("/var/lib/pm", str(tmp_path))
    env = environment(PM_DATABASE_URL=url, PM_SECRET_KEY=KEY)
    program = str(place / "bin" / str(_words(steps["ENTRYPOINT"])[0]))
    subprocess.run([program, "migrate"], env=env, cwd=tmp_path, check=True, capture_output=True, timeout=4 * DEADLINE)
    here = {"0.0.0.0": "127.0.0.1", "10.0.0.0/8": "127.0.0.1"}
    arguments = [here.get(word, word) for word in _words(steps["CMD"])]
    port = str(free_port())
    served = subprocess.Popen(
        [program, *arguments, "--port", port], env=env, cwd=tmp_path, stdout=subprocess.PIPE, text=True
    )
    try:
        assert served.stdout is not None
        assert served.stdout.readline() == f"Serving on http://127.0.0.1:{port}\n"
        check = [word.replace("8000", port) for word in _words(steps["HEALTHCHECK"].removeprefix("CMD "))]
        assert steps["EXPOSE"] == "8000"
        subprocess.run([str(place / "bin" / "python"), *check[1:]], check=True, timeout=DEADLINE)
    finally:
        served.send_signal(signal.SIGTERM)
        served.communicate(timeout=DEADLINE)


def _words(text: str) -> list[str]:
    found: list[str] = re.findall(r'"((?:[^"\\]|\\.)*)"', text)
    return found
