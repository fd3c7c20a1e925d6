"""The parts of a setup: what is written into one file, how to see whether it is there, and how to take it away."""

from __future__ import annotations

import hashlib

from projects.client.setup import json_edits
from projects.client.setup.blocks import Block, BlockProblem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from projects.client.setup.json_edits import Tree

COMPLETE, MISSING = "complete", "missing"
EDITED = "has other lines between the markers than pm wrote"
SIGNATURE = "written by pm setup, digest "


class Refused(Exception):
    """The file can't be changed; the message is a clause that says why."""


class Part:
    """Something that a program reads from one file, named relative to the repository; `source` documents it."""

    def __init__(self, what: str, path: str, source: str) -> None:
        self.what, self.path, self.source = what, path, source

    def state(self, text: bytes | None) -> str:
        """Return COMPLETE, MISSING, or a clause that says what differs. Raises Refused."""
        raise NotImplementedError

    def add(self, text: bytes | None) -> bytes:
        """Return the file's text with the part. Raises Refused."""
        raise NotImplementedError

    def remove(self, text: bytes) -> bytes | None:
        """Return the file's text without the part, None if the file was made by `add`. Raises Refused."""
        raise NotImplementedError

    def is_edited(self, text: bytes) -> bool:
        """Return True if a person changed what was written, so that it is not ours to replace or remove."""
        return False

    def shown(self) -> str:
        """Return what a new file would have."""
        return self.add(None).decode()


class BlockPart(Part):
    """Lines between markers."""

    def __init__(self, what: str, path: str, source: str, block: Block) -> None:
        super().__init__(what, path, source)
        self.block = block

    def state(self, text: bytes | None) -> str:
        """Return COMPLETE, MISSING, or what differs."""
        try:
            if text is None or self.block.remove(text) == text:
                return MISSING
            if self.block.is_in(text):
                return COMPLETE
            return EDITED if self.block.is_edited(text) else "is of another version of pm"
        except BlockProblem as problem:
            raise Refused(str(problem)) from None

    def is_edited(self, text: bytes) -> bool:
        """Return True if the lines between the markers were changed."""
        try:
            return self.block.is_edited(text)
        except BlockProblem as problem:
            raise Refused(str(problem)) from None

    def add(self, text: bytes | None) -> bytes:
        """Return the text with the block."""
        try:
            return self.block.new() if text is None else self.block.add(text)
        except BlockProblem as problem:
            raise Refused(str(problem)) from None

    def remove(self, text: bytes) -> bytes | None:
        """Return the text without the block."""
        try:
            return None if self.block.is_alone(text) else self.block.remove(text)
        except BlockProblem as problem:
            raise Refused(str(problem)) from None


class TomlPart(BlockPart):
    """A table between markers; `keys` is its name."""

    def __init__(self, what: str, path: str, source: str, block: Block, keys: tuple[str, ...]) -> None:
        super().__init__(what, path, source, block)
        self.keys = keys

    def state(self, text: bytes | None) -> str:
        """Return COMPLETE, MISSING, or what differs."""
        found = super().state(text)
        if found == MISSING and text is not None and self._is_defined(text):
            return f"defines {'.'.join(self.keys)} in its own way"
        return found

    def add(self, text: bytes | None) -> bytes:
        """Return the text with the table."""
        new = super().add(text)
        if not self._is_defined(new):
            raise Refused(f"a table {'.'.join(self.keys)} can't be added at its end")
        return new

    def _is_defined(self, text: bytes) -> bool:
        import tomllib

        try:
            found = tomllib.loads(text.decode("utf-8-sig"))
        except ValueError as error:
            raise Refused(f"it is not TOML: {error}") from None
        for key in self.keys:
            if not isinstance(found, dict) or key not in found:
                return False
            found = found[key]
        return True


class JsonPart(Part):
    """Members of a JSON file; `base` is what a new file needs besides."""

    def __init__(self, what: str, path: str, source: str, wanted: Tree, base: Tree | None = None) -> None:
        super().__init__(what, path, source)
        self.wanted = wanted
        self.base = base or {}

    def state(self, text: bytes | None) -> str:
        """Return COMPLETE, MISSING, or what differs."""
        if text is None:
            return MISSING
        shown = self._decoded(text)
        try:
            other = json_edits.conflicts(shown, self.wanted)
            if other:
                return f"has its own {', '.join(other)}"
            return MISSING if json_edits.missing(shown, self.wanted) else COMPLETE
        except json_edits.JsonProblem as problem:
            raise Refused(str(problem)) from None

    def add(self, text: bytes | None) -> bytes:
        """Return the text with the members."""
        if text is None:
            return json_edits.new({**self.wanted, **self.base}).encode()
        try:
            return json_edits.add(self._decoded(text), self.wanted).encode()
        except json_edits.JsonProblem as problem:
            raise Refused(str(problem)) from None

    def remove(self, text: bytes) -> bytes | None:
        """Return the text without the members."""
        shown = self._decoded(text)
        if shown == json_edits.new({**self.wanted, **self.base}):
            return None
        try:
            return json_edits.remove(shown, self.wanted).encode()
        except json_edits.JsonProblem as problem:
            raise Refused(str(problem)) from None

    def _decoded(self, text: bytes) -> str:
        try:
            return text.decode()
        except UnicodeDecodeError:
            raise Refused("it is not UTF-8") from None


class OwnPart(Part):
    """A whole file. Its last line is a comment with a digest, so that a version changed by hand is left alone."""

    def __init__(self, what: str, path: str, source: str, content: str, comment: tuple[str, str]) -> None:
        super().__init__(what, path, source)
        self.comment = comment
        self.content = (content + self._signature(content)).encode()

    def state(self, text: bytes | None) -> str:
        """Return COMPLETE, MISSING, or what differs."""
        if text is None:
            return MISSING
        if text == self.content:
            return COMPLETE
        return "is of another version of pm" if self._is_ours(text) else "is not as pm wrote it"

    def add(self, text: bytes | None) -> bytes:
        """Return the file."""
        return self.content

    def remove(self, text: bytes) -> bytes | None:
        """Return None: the file goes."""
        return None

    def is_edited(self, text: bytes) -> bool:
        """Return True if it is not as any version of pm wrote it."""
        return not self._is_ours(text)

    def _is_ours(self, text: bytes) -> bool:
        body, _, last = text.decode("utf-8", "replace").removesuffix("\n").rpartition("\n")
        return f"{last}\n" == self._signature(f"{body}\n")

    def _signature(self, body: str) -> str:
        digest = hashlib.sha256(body.encode()).hexdigest()[:16]
        return f"{self.comment[0]} {SIGNATURE}{digest} {self.comment[1]}".rstrip() + "\n"
