"""Send the files of another tracker: one file, or the texts of a folder, after a line with the options."""

from __future__ import annotations

import json
import os
import stat
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
) -> Json:
    """Import the files at `path`; return the server's report."""
    options = {**_map_of(map_file), **({"people": dict(map(_pair, people))} if people else {})}
    progress = uuid.uuid4()
    query = {"project": project, "title": title, "dry_run": "true" if dry_run else None, "progress": str(progress)}

    def count() -> tuple[int, int]:
        found = context.api.get(PROGRESS.format(progress))
        return found["done"], found["total"]

    count()  # a server that can't be reached is worse than a file that can't be read
    with atomic_files.scratch() as body:
        body.write(json.dumps(options).encode() + b"\n")
        _copy(source, path, body)
        with followed(context, "import", count):
            try:
                return context.api.upload(IMPORT.format(source) + encode_query(query), Upload(body), patience(context))
            except ApiError as error:
                field = error.error.get("field")
                if field in ("project", "key"):
                    key = project if field == "project" else None  # the key is bad: a title is enough
                    error.error["try"] = _with_project(source, path, key, title)
                raise


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
        for relative, text in _texts(path):
            body.write(json.dumps({"path": relative, "text": text}).encode() + b"\n")
        return
    with opened(path, follow=True) as file:
        file.seek(0)
        while piece := file.read(PIECE):
            body.write(piece)


def _texts(folder: str) -> Iterator[tuple[str, str]]:
    """Yield the relative paths and texts of the Markdown files in a folder. Links are not followed."""
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(one for one in folders if not one.startswith("."))
        for name in sorted(names):
            if not name.endswith(ENDINGS):
                continue
            whole = os.path.join(place, name)
            relative = os.path.relpath(whole, folder).replace(os.sep, "/")
            try:
                handle = os.open(whole, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
                with open(handle, "rb") as file:
                    if not stat.S_ISREG(os.fstat(handle).st_mode):
                        continue
                    data = file.read(MAX_TEXT + 1)
            except OSError as error:
                raise FileRefused(f"{relative} can't be read: {error.strerror}; links are not followed") from None
            if len(data) > MAX_TEXT:
                raise FileRefused(f"{relative} is larger than {MAX_TEXT >> 20} MiB")
            try:
                yield relative, data.decode("utf-8-sig")
            except UnicodeDecodeError:
                raise FileRefused(f"{relative} is not UTF-8 text") from None
