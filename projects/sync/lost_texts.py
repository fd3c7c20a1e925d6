"""Published texts of this clone that lost to later ones whose authors had not seen them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from django.db import connection

from projects.entities.spec import LINE, TEXT
from projects.sync.fold import Order, Result

_KEEP = (
    "INSERT INTO projects_lostchange (activity_id, after) "
    "SELECT id, (SELECT max(id) FROM projects_activity) FROM projects_activity "
    "WHERE entity_id = %s AND group_id = %s ON CONFLICT (activity_id) DO NOTHING"
)


def beaten_texts(results: Sequence[Result]) -> Iterator[tuple[str, str]]:
    """Yield the entity and the group of each text that one of the operations replaced without having seen it."""
    for result in results:
        for group, register in result.beaten:
            kinds = {field.kind for field in result.operation.entity.fields if field.register == register}
            if kinds and kinds <= {LINE, TEXT}:
                yield result.operation.id, group


def keep(beaten: Iterable[tuple[str, str]], order: Order, last: str) -> None:
    """Put those of this clone, whose `last` group this is, into the inbox."""
    own = [(pk.replace("-", ""), group) for pk, group in beaten if order.is_own(last, group)]
    with connection.cursor() as cursor:
        cursor.executemany(_KEEP, own)
