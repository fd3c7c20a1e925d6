"""Tick the tasks of texts on the page of an item."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse

from projects.models import Comment, WorkItem
from projects.models.base import Values
from projects.web import page
from projects.web.markdown.rendering import tick_task
from projects.web.responses import done, refused

MAX_DIGITS = 9  # of a line


def ticked(request: HttpRequest, owner: WorkItem | Comment, field: str) -> HttpResponse:
    """Tick the task at the posted `line` of the owner's Markdown field, or remove its tick."""
    line, is_done = request.POST.get("line", ""), request.POST.get("done") == "true"
    known = line.isdecimal() and len(line) <= MAX_DIGITS
    text = tick_task(getattr(owner, field), int(line), is_done=is_done) if known else None
    if text is None:
        return refused(400, f"This line of the {field if field == 'description' else 'comment'} is not a task.")
    values: Values = {field: text}
    owner.update(actor=page.person(request), **values)
    return done("Task done." if is_done else "Task open.")
