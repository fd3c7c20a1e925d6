"""How Django receives the files of forms."""

from __future__ import annotations

from django.core.files.uploadhandler import MemoryFileUploadHandler

from projects.entities.attachment import MAX_FILE
from projects.loose_types import Framework


class BoundedMemoryHandler(MemoryFileUploadHandler):
    """Keep a file in memory, one byte more than an attachment may have at most, so that its excess is noticed.

    A temporary file would outlive a killed server.
    """

    def handle_raw_input(self, *args: Framework, **kwargs: Framework) -> None:
        self.activated = True

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:
        return super().receive_data_chunk(raw_data[: max(0, MAX_FILE + 1 - start)], start)
