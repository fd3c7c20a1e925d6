"""The files that an import reads: one file, or the texts of a folder. Bounded in memory whatever they contain."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterator
from typing import IO, Any

from projects.trackers import file_faults
from projects.trackers.report import Report, Unreadable, shown

MAX_LINE = 8 << 20  # bytes
MAX_WHOLE = 64 << 20  # bytes of a file that is read as a whole
MAX_TEXT = 1 << 20  # bytes of a file in a folder
MAX_FILES = 50_000
MAX_PATH = 400  # characters
PIECE = 256 << 10
ARCHIVES = (b"PK\x03\x04", b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"7z\xbc\xaf", b"(\xb5/\xfd")
BOM = b"\xef\xbb\xbf"
_HALF = re.compile(r"\\u[dD][89A-Fa-f]")  # of a pair of surrogates


class Files:
    """What the user sent: the rest of `stream` from `start`.

    It is one file, or, if `is_folder`, a line of JSON `{"path", "text"}` for each file of a folder. A line
    `{"path", "skipped"}` says why a file could not be read. `advance` is called with the number of bytes of each piece.
    """

    def __init__(
        self,
        stream: IO[bytes],
        *,
        start: int = 0,
        is_folder: bool = False,
        advance: Callable[[int], object] = lambda size: None,
    ) -> None:
        self._stream = stream
        self._start = start
        self.is_folder = is_folder
        self._advance = advance
        self._check_kind()

    @property
    def size(self) -> int:
        """The number of bytes."""
        return self._stream.seek(0, io.SEEK_END) - self._start

    def lines(self, *, ends: bool = False) -> Iterator[tuple[int, str]]:
        """Yield the lines of the file with their numbers, from 1; with their ends if `ends`. Raises Unreadable."""
        self._check_single()
        yield from self._lines(ends=ends)

    def text(self) -> str:
        """Return the whole file. Raises Unreadable."""
        self._check_single()
        self._stream.seek(self._start)
        data = self._stream.read(MAX_WHOLE + 1)
        if len(data) > MAX_WHOLE:
            raise Unreadable(f"the file is larger than {MAX_WHOLE >> 20} MiB")
        return _decoded(data.removeprefix(BOM), "the file")

    def documents(self) -> Iterator[object]:
        """Yield the JSON values of the file, which follow each other. Raises Unreadable."""
        text = self.text()
        decoder, place, is_half = json.JSONDecoder(), 0, _HALF.search(text)
        while place < len(text):
            if text[place].isspace():
                place += 1
                continue
            try:
                value, place = decoder.raw_decode(text, place)
                value = _whole(value) if is_half else value
            except (ValueError, RecursionError) as error:
                raise Unreadable(file_faults.of_json(error)) from None
            yield value

    def texts(self, report: Report) -> Iterator[tuple[str, str]]:
        """Yield the relative path and the text of each file of the folder, in the order of paths.

        Files that could not be read are problems. Raises Unreadable.
        """
        if not self.is_folder:
            raise Unreadable("this is a file; give the folder that holds the tracker's files")
        for number, line in self._lines():
            if number > MAX_FILES:
                raise Unreadable(f"the folder has more than {MAX_FILES:,} files")
            path, text, reason = _entry(line)
            if reason:
                report.problem(shown(path), "", f"{shown(reason)}; it is left out")
            else:
                yield path, text

    def _check_kind(self) -> None:
        self._stream.seek(self._start)
        start = self._stream.read(8)
        if any(start.startswith(one) for one in ARCHIVES):
            raise Unreadable("this is an archive, which is not read; unpack it first")
        if not start:
            raise Unreadable("the folder has no files to import" if self.is_folder else "the file is empty")

    def _check_single(self) -> None:
        if self.is_folder:
            raise Unreadable("this is a folder; give the tracker's file")

    def _lines(self, *, ends: bool = False) -> Iterator[tuple[int, str]]:
        self._stream.seek(self._start)
        rest, number, is_first = b"", 0, True
        while piece := self._stream.read(PIECE):
            self._advance(len(piece))
            if is_first:
                piece, is_first = piece.removeprefix(BOM), False
            *whole, rest = (rest + piece).split(b"\n") if b"\n" in piece else (rest + piece,)
            for line in whole:
                number += 1
                yield number, _line(line, number, ends)
            if len(rest) > MAX_LINE:
                raise Unreadable(f"line {number + 1} is longer than {MAX_LINE >> 20} MiB")
        if rest:
            yield number + 1, _decoded(rest, f"line {number + 1}")


def parsed(text: str) -> Any:  # Any: what the JSON is
    """Return the JSON value of a text, with a replacement character for each half of a pair of surrogates.

    Neither UTF-8 nor a database has such halves. Raises ValueError or RecursionError.
    """
    found = json.loads(text)
    return _whole(found) if _HALF.search(text) else found


def _whole(value: object) -> Any:  # Any: what the JSON is
    text = json.dumps(value, ensure_ascii=False)
    return json.loads(text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace"))


def packed(entries: Iterator[tuple[str, str]]) -> IO[bytes]:
    """Return the files of a folder in the form that `Files` reads."""
    stream = io.BytesIO()
    for path, text in entries:
        stream.write(json.dumps({"path": path, "text": text}).encode() + b"\n")
    stream.seek(0)
    return stream


def _line(data: bytes, number: int, ends: bool) -> str:
    text = _decoded(data, f"line {number}")
    return f"{text}\n" if ends else text.removesuffix("\r")


def _decoded(data: bytes, what: str) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise Unreadable(f"{what} is not UTF-8 text; save the file as UTF-8") from None


def _entry(line: str) -> tuple[str, str, str]:
    """Return the path of a file, and its text or why it was skipped."""
    try:
        found = parsed(line)
        path, text, reason = found["path"], found.get("text", ""), found.get("skipped", "")
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError):
        raise Unreadable('each line of a folder must be {"path": …, "text": …}') from None
    if not all(isinstance(one, str) for one in (path, text, reason)) or len(text) > MAX_TEXT:
        raise Unreadable(f"the file {shown(path)} is larger than {MAX_TEXT >> 20} MiB or not text")
    parts = path.split("/")
    if (
        not path
        or len(path) > MAX_PATH
        or "\\" in path
        or "\0" in path
        or any(part in ("", ".", "..") for part in parts)
    ):
        raise Unreadable(f"the path {shown(path)} does not stay in the folder")
    return path, text, reason
