"""What happened to items, from the history that all clones share."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence

from projects.insights.flow_times import Step, Story
from projects.models.activity import Action, Activity, counting
from projects.models.question import Question
from projects.models.question import Status as QuestionStatus
from projects.models.work_items.history import Event, Stamps, absent, advance, dated
from projects.models.work_items.item import WorkItem


def stories(stamps: dict[uuid.UUID, Stamps]) -> dict[uuid.UUID, Story]:
    """Return the stories of the items with these timestamps; runs two queries."""
    events = _events(stamps)
    questions = _questions(stamps)
    return {
        pk: Story(
            own.created_at,
            own.started_at,
            own.completed_at,
            _steps(dated(events[pk], own)),
            questions[pk],
        )
        for pk, own in stamps.items()
    }


def _events(items: Iterable[uuid.UUID]) -> dict[uuid.UUID, list[Event]]:
    rows = Activity.objects.counting().filter(entity_id__in=list(items), entity_type=WorkItem.entity_type)
    found: dict[uuid.UUID, list[Event]] = defaultdict(list)
    names = ("created_at", "entity_id", "action", "changes", "session")
    for moment, pk, action, changes, session in rows.in_log_order().values_list(*names):
        found[pk].append(Event(moment, str(pk), action, counting(changes), session))
    return found


def _steps(events: Sequence[Event]) -> list[Step]:
    state, found = absent(), []
    for event in events:
        advance(state, event)
        session = "" if event.action == Action.CREATED else event.session
        found.append(Step(event.moment, state["status"], session))
    return sorted(found, key=lambda step: step.moment)


def _questions(items: Iterable[uuid.UUID]) -> dict[uuid.UUID, list[tuple[dt.datetime, dt.datetime | None]]]:
    rows = Question.objects.filter(work_item__in=list(items), deleted_at=None)
    found: dict[uuid.UUID, list[tuple[dt.datetime, dt.datetime | None]]] = defaultdict(list)
    names = ("work_item", "created_at", "updated_at", "status", "answered_at")
    for pk, asked, changed, status, answered in rows.order_by().values_list(*names):
        is_open = status == QuestionStatus.OPEN
        found[pk].append((asked, None if is_open else answered or changed))
    return found
