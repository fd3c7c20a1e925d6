"""Send and fetch the files of work items. The server never sees a path."""

from __future__ import annotations

import os

from projects.client import atomic_files
from projects.client.api import encode_query
from projects.client.errors import FileRefused
from projects.client.resource import EntityResource
from projects.client.streaming import Sink, Upload
from projects.client.transfer import opened, printed
from projects.entities.attachment import ATTACHMENT, MAX_FILE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from projects.client.api import Json
    from projects.client.context import Context

ATTACHMENTS = EntityResource(ATTACHMENT)


def attach(context: Context, item: str, path: str, name: str | None) -> Json:
    """Attach a file, or standard input for `-`; return the attachment. Raises FileRefused."""
    named = name or ("file" if path == "-" else os.path.basename(path))
    with opened(path, follow=True) as file:
        body = Upload(file)
        if len(body) > MAX_FILE:
            raise FileRefused(f"{path} has {len(body):,} bytes; an attachment has at most {MAX_FILE:,} (5 MiB)")
        query = encode_query({"work_item": item, "name": os.fsencode(named).decode("utf-8", "replace")})
        headers = {"Content-Type": "application/octet-stream", "Idempotency-Key": os.urandom(16).hex()}
        return context.api.upload(ATTACHMENTS.path + query, body, context.timeout(), headers)


def fetch(context: Context, path: str) -> None:
    """Write the content of an attachment to a file, or print it for `-`."""
    source = f"{ATTACHMENTS.path_of(context)}content/"
    if path == "-":
        with atomic_files.scratch() as file:
            context.api.download(source, Sink(file), context.timeout())
            printed(context, file)
        return
    with atomic_files.written(path) as file:
        context.api.download(source, Sink(file), context.timeout())
