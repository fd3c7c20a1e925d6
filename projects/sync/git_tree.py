"""The layout of a board's log in a git tree.

    format                              "pm board 2" and a newline: the newest format of the log
    board.json                          {"id": UUID}
    log/AA/BB/CC.jsonl                  segment number AABBCC, decimal and without gaps, from 000000
    checkpoint/POSITION-SHA256.jsonl    the newest checkpoint only, and the SHA-256 of its bytes

Folders hold at most 100 entries. Segments never change. Anything else in the tree is refused.
"""

from __future__ import annotations

from projects.sync.exceptions import Malformed, Newer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from projects.sync.git_objects import ObjectReader

FORMAT_NAME = "pm board"
OLDEST, FORMAT = 1, 2  # the formats that this version reads; it writes the newest if a person agreed to that
UNITING = 2  # the format from which a second item with an external reference is united with the first
FOLDER = 100  # entries
MAX_SEGMENTS = FOLDER**3
MAX_SEGMENT = 8 << 20  # bytes
MAX_CHECKPOINT = 128 << 20  # bytes
MAX_REPEATS = 100  # segments that are the same object: a small tree can name one a million times
MAX_SMALL_FILE = 1024  # bytes
MAX_TREE = 16 << 10  # bytes of a folder's object
FILE, FOLDER_MODE = "100644", "40000"
KINDS = {"120000": "a symbolic link", "160000": "a submodule", "100755": "an executable file", FOLDER_MODE: "a folder"}
DIGITS = frozenset("0123456789")
HEX = frozenset("0123456789abcdef")


class Contents:
    """What a commit of the log holds.

    `segments` are the numbers and object IDs in order; `checkpoint` is (position, SHA-256, object ID) or None.
    """

    __slots__ = ("board_id", "checkpoint", "format", "segments")

    def __init__(
        self,
        format_number: int,
        board_id: str,
        segments: list[tuple[int, str]],
        checkpoint: tuple[int, str, str] | None,
    ) -> None:
        self.format = format_number
        self.board_id = board_id
        self.segments = segments
        self.checkpoint = checkpoint

    def seal(self, count: int) -> str:
        """Return a digest of the first `count` segments."""
        import hashlib

        return hashlib.sha256("".join(f"{number} {pk}\n" for number, pk in self.segments[:count]).encode()).hexdigest()


def segment_path(number: int) -> str:
    """Return the path of a segment. Raises ValueError for a number that has no place."""
    if not 0 <= number < MAX_SEGMENTS:
        raise ValueError(f"a log holds at most {MAX_SEGMENTS} segments")
    digits = f"{number:06}"
    return f"log/{digits[:2]}/{digits[2:4]}/{digits[4:]}.jsonl"


def checkpoint_path(position: int, digest: str) -> str:
    """Return the path of a checkpoint."""
    return f"checkpoint/{position}-{digest}.jsonl"


def is_layout_path(path: str) -> bool:
    """Return True if a file of this path belongs to the layout."""
    if path in ("format", "board.json"):
        return True
    parts = path.split("/")
    if parts[0] == "checkpoint" and len(parts) == 2:
        return _checkpoint_name(parts[1]) is not None
    names = [*parts[1:3], parts[3].removesuffix(".jsonl")] if len(parts) == 4 and parts[3].endswith(".jsonl") else []
    return parts[0] == "log" and len(names) == 3 and all(_is_place(name) for name in names)


def format_file(number: int = FORMAT) -> bytes:
    """Return the content of the file `format`."""
    return f"{FORMAT_NAME} {number}\n".encode()


def board_file(board_id: str) -> bytes:
    """Return the content of the file `board.json`."""
    return f'{{"id": "{board_id}"}}\n'.encode()


def read(reader: ObjectReader, head: str) -> Contents:
    """Return the contents of the commit `head`. Raises Malformed or Newer."""
    root = dict(_entries(reader, reader.links(head)[0], ""))  # `links` refuses what is no commit, or a huge one
    if "format" not in root or "board.json" not in root:
        other = next((name for name in root if name not in ("format", "board.json", "log", "checkpoint")), "")
        found = f"; it holds {_shown(other)}" if other else ""
        raise Malformed(f"the ref does not hold a board{found}")
    number = _format(reader.read(_file(root, "format", ""), "blob", MAX_SMALL_FILE))
    for name in root:
        if name not in ("format", "board.json", "log", "checkpoint"):
            raise Malformed(f"the log holds an unknown file: {_shown(name)}")
    board_id = _board_id(reader.read(_file(root, "board.json", ""), "blob", MAX_SMALL_FILE))
    segments = list(enumerate(_segments(reader, root))) if "log" in root else []
    if len(segments) - len({pk for _, pk in segments}) >= MAX_REPEATS:
        raise Malformed(f"the log repeats its segments more than {MAX_REPEATS} times")
    return Contents(number, board_id, segments, _checkpoint(reader, root) if "checkpoint" in root else None)


def _segments(reader: ObjectReader, root: dict[str, tuple[str, str]]) -> Iterator[str]:
    """Yield the object IDs of the segments in order."""
    outer = _numbered(reader, root, "log", "", "")
    for last_outer, name in _with_last(outer):
        inner = _numbered(reader, outer, name, "log/", "", full=not last_outer)
        for last_inner, below in _with_last(inner):
            path = f"log/{name}/"
            files = _numbered(reader, inner, below, path, ".jsonl", full=not (last_outer and last_inner))
            for file in files:
                yield _file(files, file, f"{path}{below}/")


def _numbered(
    reader: ObjectReader,
    parent: dict[str, tuple[str, str]],
    name: str,
    path: str,
    suffix: str,
    *,
    full: bool = False,
) -> dict[str, tuple[str, str]]:
    """Return the entries of a folder whose names must be 00, 01 and so on, up to 99 if it must be full."""
    entries = dict(_entries(reader, _folder(parent, name, path), f"{path}{name}/"))
    for number, entry in enumerate(entries):
        if entry != f"{number:02}{suffix}":
            is_gap = entry.endswith(suffix) and _is_place(entry.removesuffix(suffix))
            wrong = f"lacks {path}{name}/{number:02}{suffix}" if is_gap else f"holds an unknown file: {path}{name}/"
            raise Malformed(f"the log {wrong}{'' if is_gap else _shown(entry)}")
    if full and len(entries) < FOLDER:
        raise Malformed(f"the log lacks {path}{name}/{len(entries):02}{suffix}")
    return entries


def _with_last(names: dict[str, tuple[str, str]]) -> Iterator[tuple[bool, str]]:
    for number, name in enumerate(names, 1):
        yield number == len(names), name


def _checkpoint(reader: ObjectReader, root: dict[str, tuple[str, str]]) -> tuple[int, str, str]:
    entries = dict(_entries(reader, _folder(root, "checkpoint", ""), "checkpoint/"))
    if len(entries) != 1:
        raise Malformed("the log has more than one checkpoint")
    for name in entries:
        parsed = _checkpoint_name(name)
        if parsed is not None:
            return *parsed, _file(entries, name, "checkpoint/")
    raise Malformed(f"the log holds an unknown file: checkpoint/{_shown(name)}")


def _checkpoint_name(name: str) -> tuple[int, str] | None:
    position, _, digest = name.removesuffix(".jsonl").partition("-")
    if not name.endswith(".jsonl") or not 0 < len(position) <= 18 or not DIGITS.issuperset(position):
        return None
    is_plain = str(int(position)) == position and len(digest) == 64 and HEX.issuperset(digest)
    return (int(position), digest) if is_plain else None


def _format(content: bytes) -> int:
    name, _, number = content.decode("ascii", "replace").removesuffix("\n").rpartition(" ")
    if name != FORMAT_NAME or not DIGITS.issuperset(number) or not 0 < len(number) < 6:
        raise Malformed("the ref does not hold a board: its file format says something else")
    if int(number) > FORMAT:
        raise Newer(f"a newer version of pm wrote the board (format {int(number)}): upgrade pm")
    if int(number) < OLDEST:
        raise Malformed(f"the board has format {int(number)}; this version of pm reads {OLDEST} to {FORMAT}")
    if content != format_file(int(number)):
        raise Malformed("the file format of the log is wrong")
    return int(number)


def _board_id(content: bytes) -> str:
    board_id = content[len(b'{"id": "') : -len(b'"}\n')].decode("ascii", "replace")
    groups = [len(group) for group in board_id.split("-") if HEX.issuperset(group)]
    if groups != [8, 4, 4, 4, 12] or content != board_file(board_id):
        raise Malformed('the file board.json of the log must be {"id": UUID}')
    return board_id


def _entries(reader: ObjectReader, name: str, path: str) -> Iterator[tuple[str, tuple[str, str]]]:
    """Yield the entries of a folder in order: name, (mode, object ID)."""
    from projects.sync.git_objects import parse_tree  # only where a log is read

    seen: set[str] = set()
    for entry, mode, object_id in parse_tree(reader.read(name, "tree", MAX_TREE), reader.id_size):
        if entry in seen or len(seen) == FOLDER:
            raise Malformed(f"a folder of the log is damaged or has more than {FOLDER} entries: {path or 'the top'}")
        seen.add(entry)
        yield entry, (mode, object_id)
    if not seen:
        raise Malformed(f"the log has an empty folder: {path or 'the top'}")


def _file(entries: dict[str, tuple[str, str]], name: str, path: str) -> str:
    mode, object_id = entries[name]
    if mode != FILE:
        raise Malformed(f"the log holds {KINDS.get(mode, 'something')} instead of a file: {path}{_shown(name)}")
    return object_id


def _folder(entries: dict[str, tuple[str, str]], name: str, path: str) -> str:
    mode, object_id = entries[name]
    if mode != FOLDER_MODE:
        raise Malformed(f"the log holds {KINDS.get(mode, 'a file')} instead of a folder: {path}{_shown(name)}")
    return object_id


def _is_place(name: str) -> bool:
    return len(name) == 2 and DIGITS.issuperset(name)


def _shown(name: str) -> str:
    return "".join(character if character.isprintable() else "?" for character in name[:80])
