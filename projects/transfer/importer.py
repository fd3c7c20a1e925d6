"""Import an export file: validate each row, compare with the board, write, then check rules between rows.

One transaction: all or nothing. Imports skip the rules about completing items, archived projects and completed
sprints: the file records changes that another board already allowed.
"""

from __future__ import annotations

from typing import IO, Any

from django.db import transaction

from projects.models import User
from projects.transfer import checking, deciding, deleting, indexes, lanes, numbering, people, writing
from projects.transfer.journal import Journal
from projects.transfer.outcome import Outcome
from projects.transfer.staging import staged


def read(file: IO[bytes], *, actor: User, dry_run: bool = False) -> dict[str, Any]:
    """Import the file as `actor`; return the counts per collection. Raises BadFile.

    A dry run returns the same result and writes nothing.
    """
    with staged(file), transaction.atomic():
        answer = _merge(actor)
        if dry_run:
            transaction.set_rollback(True)
        return answer


def _merge(actor: User) -> dict[str, Any]:
    outcome, journal = Outcome(), Journal(actor)
    deciding.decide(outcome)
    deleting.delete(journal, outcome)
    deciding.settle_unique(outcome)
    numbering.renumber(outcome)
    lanes.stage_defaults()
    outcome.users_created = people.create_missing()
    numbering.make_way()
    writing.update(journal)
    with indexes.filled_at_end():
        writing.create(journal)
    numbering.raise_counters()
    checking.check()
    deleting.detach(journal, outcome)
    deleting.remember_deletions()
    return outcome.answer()
