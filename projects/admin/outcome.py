"""Doing one thing to many entities: each by its model, and what was refused is said of each."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest

from projects.models.base import Entity
from projects.models.exceptions import Refused

MAX_TOLD = 20  # messages of one request, and names in one of them


class Outcome(NamedTuple):
    """What was done, what there was nothing to do for, and what was refused: the entities by the reason."""

    done: list[Entity]
    same: list[Entity]
    refused: dict[str, list[Entity]]

    def tell(self, request: HttpRequest, done: str) -> None:
        """Say it in messages; `done` is what was done, in words."""
        for number, (reason, entities) in enumerate(self.refused.items()):
            if number == MAX_TOLD:
                rest = [entity for group in list(self.refused.values())[number:] for entity in group]
                messages.error(request, f"{len(rest)} more were refused: {names(rest, len(rest))}")
                break
            told = reason if any(entity.display_key in reason for entity in entities) else ""
            messages.error(request, told or f"{names(entities)}: {reason}")
        refused = sum(map(len, self.refused.values()))
        parts = [f"{len(self.done)} {done}"]
        parts += [f"{len(self.same)} already were"] if self.same else []
        parts += [f"{refused} refused"] if refused else []
        level = messages.SUCCESS if self.done or not refused else messages.WARNING
        messages.add_message(request, level, f"{', '.join(parts)}.")


def do(entities: Iterable[Any], verb: Callable[[Any], object]) -> Outcome:
    """Do `verb` to each entity, in one transaction; one refusal stops no other. `verb` returns False where all was so.

    What is refused is tried again after the others: a story is done, or deleted, with its tasks, whatever the order.
    """
    outcome = Outcome([], [], {})
    stuck: list[tuple[Any, str]] = []
    with transaction.atomic():
        waiting: list[Any] = list(entities)
        while waiting:
            stuck = []
            for entity in waiting:
                try:
                    with transaction.atomic():
                        (outcome.same if verb(entity) is False else outcome.done).append(entity)
                except Refused as refusal:
                    stuck.append((entity, refusal.message))
                except ValidationError as error:
                    outcome.refused.setdefault("; ".join(error.messages), []).append(entity)
            if len(stuck) == len(waiting):
                break
            # The other way round: a chain that was met at its wrong end is done in the second round.
            waiting = [entity for entity, _ in reversed(stuck)]
            for entity in waiting:
                entity.refresh_from_db()
    for entity, reason in stuck:
        outcome.refused.setdefault(reason, []).append(entity)
    return outcome


def names(entities: Iterable[Entity], limit: int = MAX_TOLD) -> str:
    """Return the display keys, the first of them."""
    keys = [entity.display_key for entity in entities]
    more = f" and {len(keys) - limit} more" if len(keys) > limit else ""
    return ", ".join(keys[:limit]) + more
