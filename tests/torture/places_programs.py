"""Places that shells, locales and the variables of other programs make."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from tests.torture.place import PM, Place, needs

TEXT = "Grüße 你好 \U0001f41b ‮"


def _other_site(here: Place) -> None:
    """Stand in the environment of another Django site and its gunicorn: none of it is ours."""
    site = here.directory / "projects"
    site.mkdir()
    for name in (
        "projects/__init__.py",
        "settings.py",
        "json.py",
        "sqlite3.py",
        "gunicorn.conf.py",
        "sitecustomize.py",
    ):
        (here.directory / name).write_text("raise SystemExit('shadowed')\n" if name != "sitecustomize.py" else "")
    other = {
        "DJANGO_SETTINGS_MODULE": "settings",
        "DATABASE_URL": "postgres://nowhere/x",
        "SECRET_KEY": "x",
        "DEBUG": "1",
        "ALLOWED_HOSTS": "example.org",
        "GUNICORN_CMD_ARGS": "--bind 0.0.0.0:80 --workers 9 --chdir /nowhere --config /nowhere",
        "WEB_CONCURRENCY": "9",
        "PORT": "80",
        "HOST": "example.org",
        "SERVER_SOFTWARE": "x",
        "FORWARDED_ALLOW_IPS": "*",
    }
    here.begin(**other)
    here.add("beside a site", **other).document()
    status = here.pm("server", "status", **other).document()["server"]
    assert status["host"] == "127.0.0.1"


def _python_variables(here: Place) -> None:
    """Set what changes Python itself: no docstrings, warnings that are errors, a hash seed, another buffer."""
    for number, hard in enumerate(
        (
            {"PYTHONOPTIMIZE": "2"},
            {"PYTHONWARNINGS": "error"},
            {"PYTHONDEVMODE": "1"},
            {"PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii", "LC_ALL": "C"},
            {"PYTHONHASHSEED": "1", "PYTHONUNBUFFERED": "1", "PYTHONFAULTHANDLER": "1", "PYTHONPROFILEIMPORTTIME": ""},
            {"PYTHONSAFEPATH": "1", "PYTHONNOUSERSITE": "1", "PYTHONINSPECT": "1"},
        )
    ):
        here.pm("server", "start", **hard).document()
        if not number:
            here.begin(**hard)
        here.add(f"variables {number}", **hard).document()
        here.pm("doctor", **hard).document()
        assert here.pm("work-item", "list", "-h", **hard).out.strip()
        here.stop(**hard)


def _ascii(here: Place) -> None:
    """Give and get texts that ASCII hasn't under LC_ALL=C, in a table too."""
    here.begin(LC_ALL="C")
    here.add(TEXT, LC_ALL="C", LANG="C").document()
    hard = {"LC_ALL": "C", "LANG": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    here.pm("work-item", "list", "--output", "table", **hard)
    here.pm("search", "Grüße", **hard)
    here.add(TEXT * 2, **hard).message()  # an environment in which Python knows ASCII only
    latin = os.fsdecode(b"caf\xe9")
    here.add(latin, LC_ALL="C")
    here.promised.discard(latin)  # bytes that are no text: refused, or stored as they can be
    here.pm("sync", "export", "-o", "out.json", **hard).document()
    here.pm("sync", "import", "-f", "out.json", **hard).document()


def _shells(here: Place) -> None:
    """Complete, quote and pipe in the shells that people use."""
    here.begin()
    asked = [shell for shell in ("bash", "zsh", "fish", "dash") if not _missing(shell)]
    for shell in asked:
        words = f"{PM} work-item create --project PLACE --type task --title 'a \"b\" $c `d` in {shell}'"
        answer = here.run(shell, "-c", words)
        assert answer.code == 0, answer.err
        here.promised.add(f'a "b" $c `d` in {shell}')
        if shell != "dash":
            script = here.pm("completion", shell).out
            (here.scratch / "completion").write_text(script)
            answer = here.run(
                shell,
                "-c",
                f"source {here.scratch}/completion"
                if shell != "zsh"
                else f"autoload -U compinit; compinit -u -D; source {here.scratch}/completion",
            )
            assert (answer.code, answer.err) == (0, ""), answer.err
    answer = here.pm("completion", "tcsh")
    answer.message()


def _missing(shell: str) -> bool:
    return shutil.which(shell) is None


def _shim(here: Place) -> None:
    """Find a `python` and `python3` on the PATH that do something else, and no other program."""
    fake = here.scratch / "bin"
    fake.mkdir()
    for name in ("python", "python3", "sh", "env", "ps", "uname"):
        (fake / name).write_text("#!/bin/sh\nexit 9\n")
        (fake / name).chmod(0o755)
    here.begin(PATH=str(fake))
    here.add("shimmed", PATH=str(fake)).document()
    here.pm("doctor", PATH=str(fake))
    here.pm("server", "open", PATH=str(fake), BROWSER="/bin/false")
    here.stop(PATH=str(fake))
    here.pm("server", "start", PATH="").document()


def _cron(here: Place) -> None:
    """Run as cron does: HOME /, SHELL sh, output to a pipe, many starts at the same minute."""
    needs("sh")
    line = " & ".join(
        f"cd {here.directory} && {PM} --start work-item create --project PLACE --type task --title cron{number}"
        for number in range(3)
    )
    here.begin()
    here.stop()
    cron = ("env", "-i", "HOME=/", "SHELL=/bin/sh", "LOGNAME=root", "PATH=/usr/bin:/bin", "sh", "-c", f"{line}; wait")
    answer = here.run(*cron, cwd=Path("/"))
    assert answer.out.count('"work_item"') == 3, answer.out + answer.err
    here.promised |= {"cron0", "cron1", "cron2"}


def _proxies(here: Place) -> None:
    """Set proxies and certificates of a company: nothing of the board goes there."""
    proxy = "http://user:secret@proxy.invalid:3128"
    hard = dict.fromkeys(("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"), proxy)
    hard |= {"SSL_CERT_FILE": "/nowhere", "REQUESTS_CA_BUNDLE": "/nowhere", "NO_PROXY": "", "SSLKEYLOGFILE": "/proc/x"}
    here.begin(**hard)
    here.add("past the proxy", **hard).document()


def _arguments(here: Place) -> None:
    """Hand over what shells and scripts make by mistake: empty words, a huge word, NUL from a file, CRLF."""
    here.begin()
    here.add("").message()
    here.add("crlf\r\nin a title")
    here.promised.discard("crlf\r\nin a title")  # stored on one line, or refused
    here.add("x" * 100_000).message()
    here.pm("sync", "import", "-f", "-", stdin="\0").message()
    here.pm("sync", "import", "-f", "/dev/null").message()
    here.pm("sync", "import", "-f", "/").message()
    here.pm("--config-dir", "", "project", "list")
    here.pm("--config-dir", "/dev/null", "project", "list").message()
    here.pm("--timeout", "nan", "project", "list").message()


SCENES: dict[str, Callable[[Place], None]] = {
    "variables of another Django site": _other_site,
    "PYTHONOPTIMIZE=2, PYTHONWARNINGS=error and others": _python_variables,
    "LC_ALL=C with UTF-8 texts": _ascii,
    "bash, zsh, fish and dash": _shells,
    "shims of python and sh first on PATH": _shim,
    "cron: three starts at once": _cron,
    "proxies and certificates of a company": _proxies,
    "arguments made by mistake": _arguments,
}
