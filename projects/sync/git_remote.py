"""A remote of the user's repository: its addresses and what git needs to reach them."""

from __future__ import annotations

import time

from projects.sync.exceptions import GitError, NoSuchRemote
from projects.sync.git_environment import for_reading_config
from projects.sync.git_process import Process, finish, run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

WANTED = (
    r"^(remote\..*|url\..*|credential\..*|http\..*|ssh\.variant|core\.(sshcommand|gitproxy)|protocol\.version"
    r"|extensions\.objectformat|safe\.directory)$"
)
PASSED = ("url.", "credential.", "http.", "ssh.variant", "core.sshcommand", "core.gitproxy", "protocol.version")
# Of a remote: no refspecs, mirror, promisor, tag or helper settings.
PASSED_OF_REMOTE = ("url", "pushurl", "proxy", "proxyauthmethod", "uploadpack", "receivepack")
MAX_CONFIG = 4 << 20  # bytes
LIMIT = 10.0  # seconds


class Repository:
    """What the configuration of the user's repository says about its remotes, and its object format."""

    def __init__(self, directory: str, environ: Mapping[str, str], reading: Process | None = None) -> None:
        """Read the configuration, or wait for a `reading` that was begun. Raises GitError."""
        self.directory, self._environ = directory, environ
        with reading or begin_reading(directory, environ) as process:
            process.deadline = time.monotonic() + LIMIT
            code, output, errors = finish(process, max_output=MAX_CONFIG)
        if code not in (0, 1):  # 1: nothing is set
            raise GitError(f"git can't read the repository's configuration: {printable(errors)}")
        entries = (entry.partition("\n") for entry in output.decode("utf-8", "surrogateescape").split("\0") if entry)
        self.settings = [(name, value if newline else "true") for name, newline, value in entries]
        formats = [value for name, value in self.settings if name == "extensions.objectformat"]
        self.object_format = formats[-1].lower() if formats else "sha1"

    def remotes(self) -> list[str]:
        """Return the names of the remotes that have an address."""
        names = [name[len("remote.") : -len(".url")] for name, _ in self.settings if _is_remote_url(name)]
        return list(dict.fromkeys(names))

    def has_branch(self, ref: str) -> bool:
        """Return True if the repository has this branch, or it is checked out without a commit yet."""
        environ = for_reading_config(self._environ)
        for command in (("show-ref", "--verify", "--quiet", "--", ref), ("symbolic-ref", "--quiet", "HEAD")):
            code, output, _ = run(["-C", self.directory, *command], environ, limit=LIMIT)
            if not code and output.decode("utf-8", "replace").strip() in ("", ref):
                return True
        return False

    def remote(self, name: str) -> Remote:
        """Return the remote of this name. Raises NoSuchRemote."""
        if name not in self.remotes():
            known = ", ".join(map(printable, self.remotes()))
            hint = f"it has: {known}" if known else "it has none: git remote add origin URL"
            raise NoSuchRemote(f"the repository has no remote {printable(name)!r}; {hint}")
        return Remote(self, name)


def begin_reading(directory: str, environ: Mapping[str, str]) -> Process:
    """Start the git that reads the configuration, so that it works while the caller does something else."""
    arguments = ["-C", directory, "config", "--null", "--get-regexp", WANTED]
    return Process(arguments, for_reading_config(environ), limit=LIMIT)


class Remote:
    """A configured remote.

    `settings` are the names and values that git needs to reach it; they may hold passwords. `directory` is where
    a relative address starts.
    """

    def __init__(self, repository: Repository, name: str) -> None:
        self.name = name
        self.directory = repository.directory
        self.object_format = repository.object_format
        prefix = f"remote.{name}."
        own = {prefix + suffix for suffix in PASSED_OF_REMOTE}
        self.settings = [pair for pair in repository.settings if pair[0].startswith(PASSED) or pair[0] in own]
        urls = [value for name, value in self.settings if name == f"{prefix}url"]
        push_urls = [value for name, value in self.settings if name == f"{prefix}pushurl"]
        self.url = self._rewritten(urls[0], ".insteadof")
        self.push_url = self._rewritten(push_urls[0], ".insteadof") if push_urls else self._push_url(urls[0])
        # A local repository of another user is only readable with safe.directory, which git reads from files alone.
        is_local = "://" not in self.url.replace("file://", "")
        self.needs_own_config = is_local and any(name == "safe.directory" for name, _ in repository.settings)

    def shown(self) -> str:
        """Return the addresses without credentials, for people."""
        url, push_url = without_credentials(self.url), without_credentials(self.push_url)
        return printable(url if url == push_url else f"{url} (push: {push_url})")

    def _push_url(self, url: str) -> str:
        rewritten = self._rewritten(url, ".pushinsteadof")
        return self.url if rewritten == url else rewritten

    def _rewritten(self, url: str, suffix: str) -> str:
        """Return the URL as `url.BASE.insteadOf` rewrites it: the longest prefix wins."""
        bases = [
            (value, name[len("url.") : -len(suffix)])
            for name, value in self.settings
            if name.startswith("url.") and name.endswith(suffix) and url.startswith(value)
        ]
        prefix, base = max(bases, key=lambda pair: len(pair[0]), default=("", ""))
        return base + url[len(prefix) :]


def without_credentials(text: str) -> str:
    """Return the text without the user names, passwords and queries of the URLs in it."""
    return " ".join(map(_without_credentials, text.split(" ")))


def _without_credentials(word: str) -> str:
    scheme, separator, rest = word.partition("://")
    if separator:
        rest, question, _ = rest.partition("?")
        host, slash, path = rest.partition("/")
        port = host.rpartition(":")[2] if ":" in host and not host.endswith("]") else "0"
        if "@" in host:
            host = host.rpartition("@")[2]
        elif not port.isdecimal():  # no port, but a password with a slash: everything up to the last @ goes
            host, slash, path = rest.rpartition("@")[2].partition("/")
        return f"{scheme}://{host}{slash}{path}{'?…' if question else ''}"
    user, at, host = word.rpartition("@")
    return f"{user.partition(':')[0]}@{host}" if at and ":" in user and ":" in host else word


def printable(text: str | bytes, limit: int = 200) -> str:
    """Return text of git or of a server on one line, without control characters and credentials."""
    if isinstance(text, bytes):
        text = text.decode("utf-8", "replace")
    line = " ".join("".join(character if character.isprintable() else " " for character in text).split())
    line = without_credentials(line)
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def _is_remote_url(name: str) -> bool:
    return name.startswith("remote.") and name.endswith(".url") and len(name) > len("remote..url")
