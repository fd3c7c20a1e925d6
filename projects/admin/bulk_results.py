"""Apply an operation to many entities; collect successes and refusals."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest

from projects.loose_types import Framework
from projects.models.base import Entity
from projects.models.exceptions import Refused

MAX_MESSAGES = 20  # messages per request, and names per message


class Outcome(NamedTuple):
    """Entities that changed, entities already in the wanted state, and refused entities by reason."""

    done: list[Entity]
    same: list[Entity]
    refused: dict[str, list[Entity]]

    def report(self, request: HttpRequest, done: str) -> None:
        """Add messages to the request; `done` is a past participle such as "deleted"."""
        for number, (reason, entities) in enumerate(self.refused.items()):
            if number == MAX_MESSAGES:
                rest = [entity for group in list(self.refused.values())[number:] for entity in group]
                messages.error(request, f"{len(rest)} more refused: {names(rest, len(rest))}")
                break
            names_it = any(entity.display_key in reason for entity in entities)
            messages.error(request, reason if names_it else f"{names(entities)}: {reason}")
        refused = sum(map(len, self.refused.values()))
        parts = [f"{len(self.done)} {done}"]
        parts += [f"{len(self.same)} unchanged"] if self.same else []
        parts += [f"{refused} refused"] if refused else []
        level = messages.SUCCESS if self.done or not refused else messages.WARNING
        messages.add_message(request, level, f"{', '.join(parts)}.")


def do(entities: Iterable[Framework], verb: Callable[[Framework], object]) -> Outcome:
    """Apply `verb` to each entity in one transaction; a refusal doesn't stop the others.

    `verb` returns False if there was nothing to change. Refused entities are retried after the others, so a story and
    its tasks can be completed or deleted together in any order.
    """
    outcome = Outcome([], [], {})
    stuck: list[tuple[Framework, str]] = []
    with transaction.atomic():
        waiting: list[Framework] = list(entities)
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
            # Retry in reverse order, which resolves a chain of dependent entities in one more pass.
            waiting = [entity for entity, _ in reversed(stuck)]
            for entity in waiting:
                entity.refresh_from_db()
    for entity, reason in stuck:
        outcome.refused.setdefault(reason, []).append(entity)
    return outcome


def names(entities: Iterable[Entity], limit: int = MAX_MESSAGES) -> str:
    """Return up to `limit` display keys, comma-separated."""
    keys = [entity.display_key for entity in entities]
    more = f" and {len(keys) - limit} more" if len(keys) > limit else ""
    return ", ".join(keys[:limit]) + more
