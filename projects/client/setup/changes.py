"""Apply the parts of a setup to the files of a repository: all of them, or none."""

from __future__ import annotations

import os
from contextlib import suppress

from discovery import safe_files
from projects.client.errors import FileRefused
from projects.client.setup.parts import COMPLETE, Refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from projects.client.setup.parts import Part

MAX_BYTES = 16 * 1024 * 1024


class Changes:
    """The changes of a setup, collected before the first is written.

    What a person changed in a part is replaced or removed only with `overwrite`.
    """

    def __init__(self, top: str, *, overwrite: bool = False) -> None:
        self.top = os.path.realpath(top)
        self.overwrite = overwrite
        self._before: dict[str, bytes | None] = {}
        self._after: dict[str, bytes | None] = {}

    def state(self, part: Part) -> str:
        """Return the state of a part. Raises FileRefused."""
        path = self.path_of(part)
        try:
            return part.state(self._text(path))
        except Refused as why:
            raise FileRefused(f"{path} can't be used: {why}") from None

    def add(self, part: Part) -> bool:
        """Add a part that is missing or of another version; return True if that changes its file. Raises FileRefused.

        What the user has in its place stays.
        """
        path = self.path_of(part)
        text = self._text(path)
        try:
            state = part.state(text)
            if state == COMPLETE or state.startswith(("has its own", "defines")):
                return False
            if text is not None and self._is_kept(part, text):
                raise Refused(f"it {state}; move your text elsewhere, or give it up with --overwrite")
            self._after[path] = part.add(text)
        except Refused as why:
            raise FileRefused(f"{path} can't be changed: {why}") from None
        return self._is_changed(path)

    def remove(self, part: Part) -> bool:
        """Remove a part; return True if that changes its file. Raises FileRefused."""
        path = self.path_of(part)
        text = self._text(path)
        try:
            if text is None or self._is_kept(part, text):
                return False
            self._after[path] = part.remove(text)
        except Refused as why:
            raise FileRefused(f"{path} can't be changed: {why}") from None
        return self._is_changed(path)

    def is_kept(self, part: Part) -> bool:
        """Return True if the part has a text of a person that would be lost with it. Raises FileRefused."""
        path = self.path_of(part)
        text = self._text(path)
        try:
            return text is not None and self._is_kept(part, text)
        except Refused as why:
            raise FileRefused(f"{path} can't be changed: {why}") from None

    def _is_kept(self, part: Part, text: bytes) -> bool:
        return not self.overwrite and part.is_edited(text)

    def write(self) -> None:
        """Write the changed files; if one fails, the earlier ones get their texts back. Raises FileRefused."""
        changed = [path for path in self._after if self._is_changed(path)]
        for path in changed:
            self._refuse_protected(path)
        done: list[str] = []
        for path in changed:
            done.append(path)
            try:
                self._put(path, self._after[path])
            except OSError as error:
                for other in done:
                    with suppress(OSError):
                        self._put(other, self._before[other])
                raise FileRefused(f"{path} can't be written: {error.strerror}") from None

    def _is_changed(self, path: str) -> bool:
        return self._after[path] != self._before[path]

    def _text(self, path: str) -> bytes | None:
        """Return the text of a file as it will be, None if there is none. Raises FileRefused."""
        if path not in self._before:
            try:
                self._before[path] = safe_files.read(path, limit=MAX_BYTES, own=False)
            except safe_files.FileMissing:
                self._before[path] = None
            except safe_files.FileRejected as error:
                raise FileRefused(f"{path} can't be changed: {error}") from None
        return self._after.get(path, self._before[path])

    def path_of(self, part: Part) -> str:
        """Return the real path of a part's file: a link may lead to another place in the folder, but not out of it."""
        path = os.path.realpath(os.path.join(self.top, part.path))
        inside = os.path.relpath(path, self.top).split(os.sep)
        if inside[0] in ("..", ".git"):
            link = os.path.join(self.top, part.path)
            raise FileRefused(f"{link} is a symbolic link to {path}; pm does not change it")
        return path

    def _refuse_protected(self, path: str) -> None:
        """Refuse a file without write permission: replacing it would work, but is not meant. Raises FileRefused."""
        if self._before[path] is None:
            return
        status = os.stat(path)
        if not status.st_mode & 0o222 or not os.access(path, os.W_OK):
            raise FileRefused(f"{path} is read-only; pm does not change it")

    def _put(self, path: str, text: bytes | None) -> None:
        if text is None:
            if os.path.lexists(path):
                os.unlink(path)
            self._remove_empty_folders(os.path.dirname(path))
            return
        os.makedirs(os.path.dirname(path), exist_ok=True)
        safe_files.write(path, text, mode=0o644, keep_mode=True)

    def _remove_empty_folders(self, folder: str) -> None:
        while folder != self.top and not os.listdir(folder):
            os.rmdir(folder)
            folder = os.path.dirname(folder)
