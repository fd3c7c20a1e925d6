"""Send the files of another tracker: one file, or the texts of a folder, after a line with the options."""

from __future__ import annotations

import json
import os
import stat
import sys
import uuid

from projects.client import atomic_files
from projects.client.api import encode_query
from projects.client.errors import ApiError, FileRefused, UsageError
from projects.client.progress import followed
from projects.client.streaming import PIECE, Sink, Upload
from projects.client.transfer import opened, patience

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import BinaryIO

    from projects.client.api import Json
    from projects.client.context import Context

IMPORT, PROGRESS, EXPORT = "/api/v1/import/{}/", "/api/v1/import/progress/{}/", "/api/v1/export/{}/"
MAX_MAP = 1 << 20  # bytes
MAX_TEXT = 1 << 20  # bytes of a file in a folder
MAX_LINE = 8 << 20  # bytes
MAX_WHOLE = 64 << 20  # bytes of a file of a source in WHOLE
MAX_FILES = 50_000
MAX_SIZE = 4 << 30  # bytes of any other file
MAX_PATH = 400  # characters of a path in a folder
WHOLE = ("taskmaster", "taskwarrior", "github")  # sources that are one document, not lines
COLUMNS = '{"columns": {"title": "COLUMN"}}'  # of a map
LINKED = "is a link, which is not followed"
ENDINGS = (".md",)
FOLDERS = ("backlog",)  # sources that are folders


def import_from(
    context: Context,
    source: str,
    path: str,
    *,
    map_file: str | None,
    people: Sequence[str],
    project: str | None,
    title: str | None,
    dry_run: bool,
    overwrite_older: bool,
) -> Json:
    """Import the files at `path`; return the server's report."""
    options = {**_map_of(map_file), **({"people": dict(map(_pair, people))} if people else {})}
    progress = uuid.uuid4()
    flags = {"dry_run": dry_run, "overwrite_older": overwrite_older}
    query = {"project": project, "title": title, "progress": str(progress)}
    query |= {name: "true" for name, is_set in flags.items() if is_set}

    def count() -> tuple[str, int, int]:
        found = context.api.get(PROGRESS.format(progress))
        return found["step"], found["done"], found["total"]

    count()  # a server that can't be reached is worse than a file that can't be read
    with atomic_files.scratch() as body:
        body.write(json.dumps(options).encode() + b"\n")
        _copy(source, path, body)
        with followed(context, "import", count):
            try:
                return _with_flags(
                    context.api.upload(IMPORT.format(source) + encode_query(query), Upload(body), patience(context))
                )
            except ApiError as error:
                field = error.error.get("field")
                if field in ("project", "key"):
                    key = project if field == "project" else None  # the key is bad: a title is enough
                    error.error["try"] = _with_project(source, path, key, title)
                elif field == "columns":
                    error.error["message"] = f"{error.error['message']}; or name it in --map: {COLUMNS}"
                raise


def _with_flags(report: Json) -> Json:
    """Add the flag that helps to each problem that an option of the import changes."""
    for problem in report["problems"]:
        if problem.pop("option", "") == "words":
            problem["message"] += "; --map can name another"
    return report


def _with_project(source: str, path: str, project: str | None, title: str | None) -> str:
    """Return the command that names the project, or creates it."""
    from shlex import quote

    key = [] if project is None else ["--project", quote(project)]
    return " ".join(["pm import", source, quote(path), *key, "--new-project", quote(title) if title else '"TITLE"'])


def export_items(context: Context, form: str, path: str | None, query: dict[str, Json]) -> int:
    """Write items in the format of another tool to a file, or print them; return the number of bytes."""
    from projects.client.transfer import printed

    address = EXPORT.format(form) + encode_query(query)
    if path is None or path == "-":
        with atomic_files.scratch() as file:
            context.api.download(address, Sink(file), patience(context))
            printed(context, file)
            return file.tell()
    with atomic_files.written(path) as file:
        context.api.download(address, Sink(file), patience(context))
        return file.tell()


def _pair(text: str) -> tuple[str, str]:
    old, sign, new = text.partition("=")
    if not (old.strip() and sign and new.strip()):
        raise UsageError(f"{text!r} is not OLD=NEW, a name there and the name here", field="map_user")
    return old.strip(), new.strip()


def _map_of(path: str | None) -> dict[str, Json]:
    """Return the content of a map file, JSON or TOML."""
    if path is None:
        return {}
    with opened(path, follow=True) as file:
        data = file.read(MAX_MAP + 1)
    if len(data) > MAX_MAP:
        raise UsageError(f"{path} is larger than {MAX_MAP >> 20} MiB", field="map")
    try:
        if path.endswith(".toml"):
            import tomllib

            return tomllib.loads(data.decode())
        found = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path} is neither JSON nor, as .toml, TOML: {error}", field="map") from None
    if not isinstance(found, dict):
        raise UsageError(f"{path} must be an object with words, columns and people", field="map")
    return found


def _copy(source: str, path: str, body: BinaryIO) -> None:
    is_folder = path != "-" and os.path.isdir(path)
    if is_folder != (source in FOLDERS):
        wanted = "the folder that holds its files" if source in FOLDERS else "a file"
        raise UsageError(f"{path} is a {'folder' if is_folder else 'file'}; {source} needs {wanted}", field="path")
    if is_folder:
        for entry in _entries(path):
            body.write(json.dumps(entry).encode() + b"\n")
        return
    try:
        with _file(path) as file:
            _copy_file(path, file, body, is_whole=source in WHOLE)
    except OSError as error:
        raise FileRefused(f"{path} can't be read: {error.strerror or error}") from None


def _file(path: str) -> BinaryIO:
    """Open a file, a pipe that a process writes to, or standard input. A device may have no end, and is refused."""
    if path == "-":
        return sys.stdin.buffer if sys.stdin else open(os.devnull, "rb")
    # A pipe without a writer is empty instead of waiting for one.
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    mode = os.fstat(handle).st_mode
    if not (stat.S_ISREG(mode) or stat.S_ISFIFO(mode)):
        os.close(handle)
        raise FileRefused(f"{path} is neither a file nor a pipe")
    os.set_blocking(handle, True)
    return open(handle, "rb")


def _copy_file(path: str, file: BinaryIO, body: BinaryIO, *, is_whole: bool) -> None:
    """Copy a file; refuse here what the server refuses, as sending it may take long, and a device has no end."""
    size = line = 0
    while piece := file.read(PIECE):
        size += len(piece)
        line = len(piece) - 1 - piece.rfind(b"\n") if b"\n" in piece else line + len(piece)
        if size > (most := MAX_WHOLE if is_whole else MAX_SIZE):
            raise FileRefused(f"{path} is larger than {most >> 20:,} MiB")
        if not is_whole and line > MAX_LINE:
            raise FileRefused(f"{path} has a line that is longer than {MAX_LINE >> 20} MiB")
        body.write(piece)


def _entries(folder: str) -> Iterator[dict[str, str]]:
    """Yield `path` and `text` of each Markdown file in a folder, or why it is `skipped`. Links are not followed."""
    count = 0
    for place, folders, names in os.walk(folder):
        visible = sorted(one for one in folders if not one.startswith("."))
        folders[:] = [one for one in visible if not os.path.islink(os.path.join(place, one))]
        for name in [*(one for one in visible if one not in folders), *sorted(names)]:
            if name not in visible and not name.endswith(ENDINGS):
                continue
            count += 1
            if count > MAX_FILES:
                raise FileRefused(f"{folder} has more than {MAX_FILES:,} files")
            whole = os.path.join(place, name)
            relative = os.path.relpath(whole, folder).replace(os.sep, "/")
            text, reason = (None, LINKED) if os.path.islink(whole) else _text(whole)
            # A name that is not UTF-8, or could be a path elsewhere, is shown with signs in place of its own.
            shown = os.fsencode(relative).decode(errors="replace").replace("\\", "\ufffd")
            if len(shown) > MAX_PATH:
                shown, text, reason = f"{shown[: MAX_PATH - 1]}…", None, "has too long a path"
            yield {"path": shown, "skipped": reason} if text is None else {"path": shown, "text": text}


def _text(path: str) -> tuple[str | None, str]:
    """Return the text of a file, or None and why it can't be read."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        with open(handle, "rb") as file:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                return None, "is not a regular file"
            data = file.read(MAX_TEXT + 1)
    except OSError as error:
        return None, f"can't be read: {error.strerror}"
    if len(data) > MAX_TEXT:
        return None, f"is larger than {MAX_TEXT >> 20} MiB"
    try:
        return data.decode("utf-8-sig"), ""
    except UnicodeDecodeError:
        return None, "is not UTF-8 text"
