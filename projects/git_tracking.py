"""Ask git about the files in the config directory.

git runs without the GIT_* variables of a hook, runs no program from the repository's configuration, and opens no
connection. Every function returns None if git can't answer.
"""

from __future__ import annotations

import hashlib
import os
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    import subprocess

TIMEOUT = 5  # seconds
SEARCH_TIMEOUT = 30.0  # seconds of a search in the background
LAST_COMMIT = ("rev-list", "--all", "--max-count=1", "--abbrev-commit")
_is_usable = True


def tracked(directory: str, names: tuple[str, ...]) -> list[str] | None:
    """Return the `names` in `directory` that are in git's index."""
    found = _lines(_run(directory, "ls-files", "--", *names))
    # Another program under the name of git may print anything.
    return None if found is None else [name for name in found if name in names]


def ignored(directory: str, names: tuple[str, ...]) -> bool | None:
    """Return True if git's ignore rules match all of `names`, tracked or not."""
    found = _lines(_run(directory, "check-ignore", "--no-index", "--", *names))
    return None if found is None else set(names) <= set(found)


def holds_content(directory: str, path: str) -> bool | None:
    """Return True if the repository has an object with the file's content, that is, it was once added to git."""
    try:
        with open(path, "rb") as file:
            content = file.read()
    except OSError:
        return None
    blob = b"blob %d\0%s" % (len(content), content)
    # The repository uses one of the two hashes; git reports the other as "missing".
    names = (hashlib.sha1(blob, usedforsecurity=False).hexdigest(), hashlib.sha256(blob).hexdigest())
    found = _lines(_run(directory, "cat-file", "--batch-check=%(objecttype)", stdin="\n".join(names) + "\n"))
    return None if found is None else "blob" in found


def last_commit(directory: str, names: tuple[str, ...]) -> str | None:
    """Return the short hash of the newest commit on any branch that touched one of `names`, "" if none did."""
    found = _lines(_run(directory, *LAST_COMMIT, "--", *names))
    return None if found is None else "".join(found)


class Search:
    """The search of `last_commit` in the background, for a process that must not wait for it."""

    def __init__(self, directory: str, names: tuple[str, ...]) -> None:
        self._git = _start(directory, *LAST_COMMIT, "--", *names)
        self._deadline = time.monotonic() + SEARCH_TIMEOUT

    def result(self) -> str | None:
        """Return the hash, "" if there is none or git can't answer, None while git is still searching."""
        if self._git is None:
            return ""
        if self._git.poll() is None:
            if time.monotonic() < self._deadline:
                return None
            self._git.kill()
        # Not the exit status: a gunicorn master may have reaped the process.
        with self._git as git:
            output = git.stdout.read() if git.stdout else b""
        self._git = None
        return "".join(_lines(output) or ())

    def close(self) -> None:
        """End git if it is still searching."""
        git, self._git = self._git, None
        if git is not None:
            git.kill()
            with git:  # closes the pipes, and waits
                pass

    def __del__(self) -> None:
        self.close()


def _start(directory: str, *arguments: str) -> subprocess.Popen[bytes] | None:
    import subprocess

    global _is_usable
    if not _is_usable:
        return None
    environ = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    # A partial clone fetches missing objects; these queries must not.
    environ |= {"GIT_NO_LAZY_FETCH": "1", "GIT_ALLOW_PROTOCOL": ""}
    command = ["git", "-c", "core.fsmonitor=false", "-C", directory, *arguments]
    null, pipe = subprocess.DEVNULL, subprocess.PIPE
    try:
        return subprocess.Popen(command, env=environ, stdin=pipe, stdout=pipe, stderr=null, start_new_session=True)
    except OSError:
        _is_usable = False
        return None


def _run(directory: str, *arguments: str, stdin: str = "") -> bytes | None:
    import signal
    import subprocess

    global _is_usable
    git = _start(directory, *arguments)
    if git is None:
        return None
    with git:
        try:
            output, _ = git.communicate(stdin.encode(), timeout=TIMEOUT)
        except subprocess.TimeoutExpired:
            _is_usable = False  # don't wait for a hanging git again
            os.killpg(git.pid, signal.SIGKILL)  # a wrapper's children also hold the pipe
            return None
    return None if git.returncode > 1 else output


def _lines(output: bytes | None) -> list[str] | None:
    return None if output is None else [line for line in os.fsdecode(output).splitlines() if line]
