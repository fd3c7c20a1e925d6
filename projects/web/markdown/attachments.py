"""Show the attachments that Markdown names by their path, `/attachments/ID/`."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable

from markdown_it.token import Token

from projects.media_types import OTHER
from projects.models import Attachment
from projects.models.attachment import GONE, referred_to

PATH = re.compile(r"/attachments/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/")
ELSEWHERE = "This picture is on the clone where it was added"
REMOVED = "This picture was removed"


class KnownFiles:
    """What this clone knows of attachments. `expect` texts before rendering them, so that they share one query."""

    def __init__(self) -> None:
        self._states: dict[uuid.UUID, str] = {}
        self._expected: set[uuid.UUID] = set()

    def expect(self, texts: Iterable[str]) -> None:
        """Note the attachments that the texts name."""
        self._expected |= referred_to(texts) - self._states.keys()

    def state(self, pk: uuid.UUID) -> str:
        """Return the media type of an attachment whose content is here, GONE for a deleted one, else ""."""
        if pk not in self._states:
            wanted = self._expected | {pk}
            self._states |= dict.fromkeys(wanted, "") | Attachment.objects.states(wanted)
            self._expected = set()
        return self._states[pk]


def shown(token: Token, source: str, text: str, files: KnownFiles, *, in_link: bool) -> list[Token] | None:
    """Return what stands for an image token with this source and alt text; None if it is of no attachment."""
    found = PATH.fullmatch(source)
    if found is None:
        return None
    state = files.state(uuid.UUID(found[1]))
    if state in ("", GONE):
        opening = Token("html_inline", "", 0, content='<span class="missing">')
        why = REMOVED if state == GONE else ELSEWHERE
        words = Token("text", "", 0, content=f"{text}: {why}" if text else why)
        return [opening, words, Token("html_inline", "", 0, content="</span>")]
    if state != OTHER:
        token.attrs.update(src=source, loading="lazy")
        return [token]
    words = Token("text", "", 0, content=text or "file")
    if in_link:
        return [words]
    return [Token("link_open", "a", 1, attrs={"href": source}), words, Token("link_close", "a", -1)]
