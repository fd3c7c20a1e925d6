"""Read objects of a repository: loose ones from their files, others through one `git cat-file --batch` process.

What the last syncs fetched or committed is loose, so most syncs start no git here. Format: git's "loose objects".
"""

from __future__ import annotations

import os
import select
import time

from projects.sync.exceptions import REMOVE, Malformed, StoreDamaged
from projects.sync.git_process import Process

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

CHUNK = 1 << 18  # bytes
MAX_HEADER = 256  # bytes
MAX_COMMIT = 64 << 10  # bytes
AHEAD = 32  # requests that are written before the first answer is read; they fit into a pipe
MAX_LOOSE = 1 << 20  # bytes of a loose object that is read here
TREE_OF = "^{tree}"  # after a commit
ID_SIZES = {"sha1": 20, "sha256": 32}  # bytes


class ObjectReader:
    """Answers requests for objects; memory is bounded by the limit of each request. End it with `close`."""

    def __init__(self, path: str, environ: Mapping[str, str], object_format: str) -> None:
        self.id_size = ID_SIZES[object_format]
        self.closed = False
        self._path, self._environ, self._format = path, environ, object_format
        self._running: Process | None = None
        self._poller = select.poll()
        self._buffer = b""

    def close(self) -> None:
        """End the process."""
        self.closed = True
        if self._running is not None:
            self._running.end()

    def read(self, name: str, kind: str, limit: int) -> bytes:
        """Return the content of one object. Raises Malformed if it is of another kind or too large, and StoreDamaged.

        A fetch brings all objects of a commit, so one that is missing was lost here.
        """
        return next(self.read_all([name], kind, limit))

    def links(self, commit: str) -> tuple[str, list[str]]:
        """Return the tree and the parents of a commit. Raises Malformed."""
        head = self.read(commit, "commit", MAX_COMMIT).partition(b"\n\n")[0].decode("utf-8", "replace")
        lines = [line.partition(" ") for line in head.split("\n")]
        return lines[0][2], [value for name, _, value in lines if name == "parent"]

    def read_all(self, names: Sequence[str], kind: str, limit: int) -> Iterator[bytes]:
        """Yield the content of each object, in order; see `read`. Exhaust this before the next request."""
        for number, name in enumerate(names):
            content = self._loose(name, kind, limit) if number < AHEAD else None
            if content is None:
                yield from (b"".join(chunks) for chunks in self._answers(names[number:], kind, limit))
                return
            yield content

    def stream(self, name: str, kind: str, limit: int) -> Iterator[bytes]:
        """Yield the content of one object in chunks; see `read`. Exhaust this before the next request."""
        for chunks in self._answers([name], kind, limit):
            yield from chunks

    def _loose(self, name: str, kind: str, limit: int) -> bytes | None:
        """Return the content of a loose object; None if it is not one, or anything is odd: git decides then."""
        import hashlib  # most clients read no objects, and load no OpenSSL
        import zlib

        if name.endswith(TREE_OF):
            commit = self._loose(name.removesuffix(TREE_OF), "commit", MAX_COMMIT)
            name = commit[:80].partition(b"\n")[0].decode("ascii", "replace").removeprefix("tree ") if commit else ""
        if len(name) != 2 * self.id_size or not name.isalnum():
            return None
        try:
            fileno = os.open(os.path.join(self._path, "objects", name[:2], name[2:]), os.O_RDONLY | os.O_NOFOLLOW)
            with open(fileno, "rb") as file:
                packed = file.read(MAX_LOOSE + 1)
            unpacker = zlib.decompressobj()
            data = unpacker.decompress(packed, min(limit, MAX_LOOSE) + MAX_HEADER)
        except (OSError, zlib.error):
            return None
        head, _, content = data.partition(b"\0")
        is_whole = unpacker.eof and not unpacker.unused_data and head == f"{kind} {len(content)}".encode()
        is_right = hashlib.new(self._format, data, usedforsecurity=False).hexdigest() == name
        return content if is_whole and is_right and len(content) <= limit else None

    @property
    def _process(self) -> Process:
        if self._running is None:
            self._running = Process([f"--git-dir={self._path}", "cat-file", "--batch"], self._environ)
            self._poller.register(self._running.stdout, select.POLLIN)
        return self._running

    def _answers(self, names: Sequence[str], kind: str, limit: int) -> Iterator[Iterator[bytes]]:
        asked = 0
        for number, name in enumerate(names):
            if asked < len(names) and asked - number <= AHEAD // 2:  # git reads on while its answers are used
                batch = names[asked : number + AHEAD]
                self._ask("".join(f"{one}\n" for one in batch))
                asked += len(batch)
            size = self._header(name, kind, limit)
            yield self._content(size)

    def _ask(self, request: str) -> None:
        try:
            os.write(self._process.stdin, request.encode())
        except BrokenPipeError:
            raise self._died() from None

    def _header(self, name: str, kind: str, limit: int) -> int:
        while b"\n" not in self._buffer:
            if len(self._buffer) > MAX_HEADER:
                raise StoreDamaged("git cat-file printed what git does not print")
            self._fill()
        line, _, self._buffer = self._buffer.partition(b"\n")
        words = line.decode("ascii", "replace").split(" ")
        if len(words) == 3 and words[1] == kind and int(words[2]) <= limit:
            return int(words[2])
        self.close()  # the rest of the answers is not read
        if len(words) != 3:
            raise StoreDamaged(f"{self._path} lacks the object {name}; {REMOVE}")
        if words[1] != kind:
            raise Malformed(f"the log has a {words[1]} where it must have a {kind}: {name}")
        raise Malformed(f"an object of the log is larger than {limit >> 10} KiB: {name}")

    def _content(self, size: int) -> Iterator[bytes]:
        left = size
        while left:
            if not self._buffer:
                self._fill()
            chunk, self._buffer = self._buffer[:left], self._buffer[left:]
            left -= len(chunk)
            yield chunk
        if not self._buffer:
            self._fill()
        self._buffer = self._buffer[1:]  # the newline after the content

    def _fill(self) -> None:
        process = self._process
        process.deadline = time.monotonic() + process.limit  # a long log may take longer, a stalled one may not
        while not self._poller.poll(process.remaining() * 1000):
            pass
        chunk = os.read(process.stdout, CHUNK)
        if not chunk:
            raise self._died()
        self._buffer += chunk

    def _died(self) -> StoreDamaged:
        return StoreDamaged(f"{self._path} is damaged; {REMOVE}")


def parse_tree(content: bytes, id_size: int) -> Iterator[tuple[str, str, str]]:
    """Yield name, mode and object ID of each entry of a tree object. Raises Malformed."""
    start = 0
    while start < len(content):
        end = content.find(b"\0", start)
        mode, _, name = content[start:end].partition(b" ")
        start = end + 1 + id_size
        if end < 0 or start > len(content):
            raise Malformed("a folder of the log is damaged")
        object_id = content[end + 1 : start].hex()
        yield name.decode("utf-8", "surrogateescape"), mode.decode("ascii", "replace"), object_id
