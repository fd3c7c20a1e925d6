"""Import an export file: validate each row, compare with the board, check the rules between rows, then write.

One transaction: all or nothing. Imports skip the rules about completing items, archived projects and completed
sprints: the file records changes that another board already allowed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import IO

from django.db import transaction

from projects.models import SyncBoard, User
from projects.sync import import_operations
from projects.transfer import (
    bulk_loading,
    default_lanes,
    deletions,
    file_reader,
    integrity,
    merge_plan,
    people_only,
    positions,
    renumbering,
    upserts,
    users,
)
from projects.transfer.exceptions import Errors
from projects.transfer.file_reader import FileRow
from projects.transfer.journal import Journal
from projects.transfer.results import ImportResult
from projects.transfer.staging import staged


def read(file: IO[bytes], *, actor: User, dry_run: bool = False) -> dict[str, object]:
    """Import the file as `actor`; return the counts per collection. Raises BadFile with all errors of the file.

    A dry run returns the same result and writes nothing.
    """
    errors = Errors()
    return write(file_reader.rows(file, errors), errors, actor=actor, dry_run=dry_run)


def write(
    rows: Iterable[tuple[str, int, FileRow]],
    errors: Errors,
    *,
    actor: User,
    dry_run: bool = False,
    staged_rows: Callable[[], None] | None = None,
) -> dict[str, object]:
    """Import rows of (collection, index in it, values), as `read` does those of a file.

    `staged_rows` is called inside the transaction, before the staged rows are compared with the board.
    """
    with staged(rows, errors), transaction.atomic():
        if staged_rows is not None:
            staged_rows()
        answer = _merge(actor, errors)
        if dry_run:
            transaction.set_rollback(True)
        return answer


def _merge(actor: User, errors: Errors) -> dict[str, object]:
    result, journal = ImportResult(), Journal(actor)
    merge_plan.decide(result, errors)
    people_only.check_deletions(actor, errors)
    deletions.delete(journal, result)
    people_only.check(actor, errors)
    renumbering.renumber_questions(result)
    merge_plan.settle_unique(result, errors)
    integrity.check(result, errors)
    renumbering.renumber(result, errors)
    errors.check()
    positions.convert_numbers()
    default_lanes.stage_defaults()
    result.users_created = users.create_missing()
    renumbering.free_numbers()
    upserts.update(journal)
    with bulk_loading.filled_at_end(upserts.staged_items()):
        upserts.create(journal)
    renumbering.raise_counters()
    deletions.detach(journal, result)
    deletions.remember_deletions()
    if SyncBoard.joined() is not None:
        import_operations.describe()
    return result.answer()
