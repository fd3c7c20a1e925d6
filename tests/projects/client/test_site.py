"""The installed `pm` runs without `site`, unless a command needs what only `site` makes importable."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.processes import CHECKOUT, environment
from tests.projects.client.conftest import Impostor, answer

NOTE = "site was loaded"
PAGE = {"results": [{"id": "1", "key": "PONE"}], "next": None}


@pytest.fixture(scope="module")
def command(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`pm` in an environment whose third-party packages only a .pth file names, which also records that it was read."""
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], env=environment(), check=True)
    [packages] = folder.glob("lib/python*/site-packages")
    for name in ("discovery", "projects", "pmsite"):
        (packages / name).symlink_to(CHECKOUT / name)
    others = Path(pytest.__file__).parents[1]
    (packages / "others.pth").write_text(f"import os; os.write(2, b'{NOTE}\\n')\n{others}\n")
    installed = folder / "bin" / "pm"
    installed.write_bytes((CHECKOUT / "scripts" / "pm").read_bytes())
    installed.chmod(0o755)
    return installed


def run(*words: str | Path, cwd: Path, **env: str) -> tuple[str, str]:
    done = subprocess.run(words, cwd=cwd, env=environment(**env), capture_output=True, text=True, timeout=60)
    return done.stdout, done.stderr


def test_ordinary_call_loads_no_site(
    command: Path, repository: Path, publish: Callable[..., None], impostor: Callable[..., Impostor]
) -> None:
    publish(impostor(answer("200 OK", PAGE)).port)
    out, err = run(command, "project", "list", cwd=repository)
    assert json.loads(out)["projects"] == PAGE["results"]
    assert err == ""


def test_package_of_the_same_name_on_the_python_path_is_outranked(command: Path, tmp_path: Path) -> None:
    (tmp_path / "projects").mkdir()
    (tmp_path / "projects" / "__init__.py").write_text("raise SystemExit('a stranger')")
    assert run(command, "--version", cwd=tmp_path, PYTHONPATH=str(tmp_path))[0].startswith("pm ")


def test_table_is_drawn(
    command: Path, repository: Path, publish: Callable[..., None], impostor: Callable[..., Impostor]
) -> None:
    publish(impostor(answer("200 OK", PAGE)).port)
    out, err = run(command, "project", "list", "--output", "table", cwd=repository)
    assert "PONE" in out
    assert set(err.splitlines()) == {NOTE}  # twice: in a virtual environment Python reads a .pth file twice


def test_explicit_url_is_reached(command: Path, tmp_path: Path, impostor: Callable[..., Impostor]) -> None:
    url = f"http://127.0.0.1:{impostor(answer('200 OK', PAGE)).port}"
    for environ, words in (({}, ("--server", url)), ({"PM_SERVER_URL": url}, ())):
        out, _ = run(command, "project", "list", *words, cwd=tmp_path, PM_TOKEN="t", **environ)
        assert json.loads(out)["projects"] == PAGE["results"]


def test_doctor_sees_all_distributions(command: Path, repository: Path) -> None:
    checks = {check["name"]: check for check in json.loads(run(command, "doctor", cwd=repository)[0])["checks"]}
    assert checks["versions"]["status"] == "ok"
    assert "requests" in checks["versions"]["message"]
