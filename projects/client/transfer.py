"""Export, import and back up through the API: the client handles the files, the server never sees a path."""

from __future__ import annotations

import os
import stat
import sys
from contextlib import contextmanager

from discovery import quickjson
from projects.client import atomic_files, render
from projects.client.api import encode_query
from projects.client.errors import BadAnswer, FileRefused
from projects.client.progress import shown
from projects.client.streaming import PATIENCE, PIECE, Sink, Upload

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    from projects.client.api import Api, Json
    from projects.client.context import Context

EXPORT, IMPORT, BACKUP = "/api/v1/export/", "/api/v1/import/", "/api/v1/backup/"
UNPUBLISHED = "/api/v1/sync/unpublished/"
HISTORY = "/api/v1/board/history/"
HISTORY_TYPE = "application/x-ndjson"


def export(context: Context, path: str, project: str | None = None) -> dict[str, Json]:
    """Write the export to the file `path`; return the number of rows per collection and of bytes."""
    with atomic_files.written(path) as file:
        _download_export(context, file, project)
        return {**_counts(file), "bytes": file.tell()}


def export_to_output(context: Context, project: str | None = None) -> None:
    """Print the export unchanged; print nothing if it fails."""
    with atomic_files.scratch() as file:
        _download_export(context, file, project)
        printed(context, file)


def export_history(context: Context, path: str | None) -> Json:
    """Write the board with its history to a file, or print it; return the counts, digests and the path."""
    if path is None or path == "-":
        with atomic_files.scratch() as file:
            download_history(context, context.api, file)
            printed(context, file)
        return None
    with atomic_files.written(path, private=True) as file:
        return {**download_history(context, context.api, file), "bytes": file.seek(0, os.SEEK_END), "path": path}


def download_history(context: Context, api: Api, file: BinaryIO) -> dict[str, Json]:
    """Write the board with its history to `file`; return what its last line says. Raises BadAnswer if it is cut."""
    api.download(HISTORY, Sink(file), patience(context))
    return end_of_history(file, api.target.url)


def end_of_history(file: BinaryIO, url: str) -> dict[str, Json]:
    """Return what the last line of a board with its history says. Raises BadAnswer if it says nothing of use."""
    file.seek(max(0, file.seek(0, os.SEEK_END) - (1 << 16)))
    last = file.read().rstrip(b"\n").rpartition(b"\n")[2]
    try:
        found = quickjson.loads(last)["end"]
    except (ValueError, TypeError, KeyError, RecursionError):
        found = None
    if not isinstance(found, dict) or "counts" not in found or "digest" not in found:
        raise BadAnswer(f"{url} sent an incomplete board; is it a pm server?")
    return found


def printed(context: Context, file: BinaryIO) -> None:
    """Print a file unchanged."""
    import codecs

    file.seek(0)
    raw = getattr(context.stdout, "buffer", None)
    decoder = codecs.getincrementaldecoder("utf-8")()
    while piece := file.read(PIECE):
        if raw is None:
            context.write(decoder.decode(piece))
            continue
        try:
            raw.write(piece)
            raw.flush()
        except BrokenPipeError:
            return  # for example `| head`
        except OSError as error:
            raise FileRefused(f"the output can't be written: {error.strerror}") from None


def import_file(context: Context, path: str, *, dry_run: bool = False, follow: bool = True) -> Json:
    """Import the file, or standard input for `-`; return the server's report."""
    with opened(path, follow=follow) as file:
        size = file.seek(0, os.SEEK_END)
        with shown(context, "import", size) as advance:
            query = encode_query({"dry_run": "true" if dry_run else None})
            return context.api.upload(IMPORT + query, Upload(file, advance), patience(context))


def export_unpublished(context: Context, path: str | None) -> Json:
    """Write what this clone has not published to a file, or print it; return the number of changes and the path."""
    document = context.api.get(UNPUBLISHED, wanted=("board", "groups"))
    text = render.to_json(document, None) + "\n"
    if path is None or path == "-":
        context.write(text)
        return None
    with atomic_files.written(path) as file:
        file.write(text.encode())
    return {"unpublished": len(document["groups"]), "path": path}


def import_unpublished(context: Context, path: str) -> Json:
    """Send what another clone has not published; return how much of it is new here."""
    with opened(path, follow=True) as file:
        return context.api.upload(UNPUBLISHED, Upload(file), patience(context))


def backup(context: Context, file: BinaryIO) -> None:
    """Write a copy of the server's database to `file`."""
    context.api.download(BACKUP, Sink(file), patience(context))


def patience(context: Context) -> float:
    """Return the timeout in seconds: a server that processes a large board sends nothing until it is done."""
    return max(PATIENCE, context.timeout())


def _download_export(context: Context, file: BinaryIO, project: str | None) -> None:
    context.api.download(EXPORT + encode_query({"project": project}), Sink(file), patience(context))
    end = b"\n}\n"
    if file.seek(0, os.SEEK_END) < len(end) or file.seek(-len(end), os.SEEK_END) < 0 or file.read() != end:
        raise BadAnswer(f"{context.api.target.url} sent an incomplete export; is it a pm server?")


def _counts(file: BinaryIO) -> dict[str, int]:
    """Count the rows of each collection; each row is a line."""
    counts: dict[str, int] = {}
    name = ""
    file.seek(0)
    for line in file:
        if line.startswith(b'"'):
            name = line.partition(b":")[0].decode().strip('"')
            counts[name] = 0
        elif name and line.startswith(b"{"):
            counts[name] += 1
    return counts


@contextmanager
def opened(path: str, *, follow: bool) -> Iterator[BinaryIO]:
    """Open a file to send; standard input and pipes, which can't be read twice, are copied first."""
    try:
        if path == "-":
            source = sys.stdin.buffer if sys.stdin else open(os.devnull, "rb")  # noqa: SIM115
        else:
            # .pm/data.json of an untrusted repository may be a link or a pipe.
            flags = 0 if follow else os.O_NOFOLLOW | os.O_NONBLOCK
            source = open(os.open(path, os.O_RDONLY | os.O_CLOEXEC | flags), "rb")  # noqa: SIM115
        with source:
            if stat.S_ISREG(os.fstat(source.fileno()).st_mode):
                yield source
                return
            if not follow:
                raise FileRefused(f"{path} is not a regular file")
            import shutil

            with atomic_files.scratch() as copy:
                shutil.copyfileobj(source, copy)
                yield copy
    except OSError as error:
        raise FileRefused(f"{path} can't be read: {error.strerror or error}") from None
