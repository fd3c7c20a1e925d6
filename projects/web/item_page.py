"""The item page's data. The number of queries does not grow with the item."""

from __future__ import annotations

from django.db.models import Q
from django.http import Http404

from projects.commits import index, ownership
from projects.entities.work_item import STATUS_NAMES
from projects.loose_types import Context
from projects.models import (
    Activity,
    Attachment,
    Comment,
    Dependency,
    Question,
    Review,
    SyncBoard,
    TimeEntry,
    User,
    Waiver,
    WorkItem,
)
from projects.models.activity import Action
from projects.models.attachment import spelled
from projects.models.comment import Kind
from projects.models.work_items.evidence import missing_evidence
from projects.web.durations import spell
from projects.web.evidence import evidence_of
from projects.web.history_lines import history
from projects.web.item_fields import facts
from projects.web.item_form import child_types
from projects.web.markdown.attachments import KnownFiles
from projects.web.markdown.item_keys import LivingProjects
from projects.web.markdown.rendering import to_html

MOST_COMMITS = 20
MOST_UNFOLDED, LATEST = 8, 5  # comments; of more than that only the latest are shown at first
LINE, MOST_LINES = 90, 22  # characters of a line, lines of a text
PEOPLE = ("created_by", "updated_by", "assignee", "claimed_by")


def find(identifier: str, *, deleted: bool = False) -> WorkItem | None:
    """Return the item with this ID or display key and its related objects; deleted items only on request.

    A key that an item had in this clone before clones met leads to it, unless another item has it now.
    """
    items = WorkItem.objects.filter(project__deleted_at=None) if deleted else WorkItem.objects.living()
    items = items.select_related("project", "parent__project", "sprint", *PEOPLE)
    found = items.identified_by(identifier).first()
    if found is None and (pk := WorkItem.former_pk(identifier)):
        return items.filter(pk=pk).first()
    return found


def get(identifier: str) -> WorkItem:
    """Return the item, even if deleted. Raises Http404."""
    found = find(identifier, deleted=True)
    if found is None:
        raise Http404(identifier)
    return found


def context(item: WorkItem, user: User, before: int | None = None) -> Context:
    """Return the template context for `user`, with the history before activity `before`."""
    lines, older = history(item, before)
    projects, files = LivingProjects(), KnownFiles()
    files.expect([item.description])
    locked = item.deleted_at is not None or item.project.is_read_only
    return {
        "item": item,
        "former": _former(item),
        "project": item.project,
        "description": to_html(item.description, projects, can_tick=not locked, files=files),
        "ancestors": _ancestors(item),
        "is_long": is_long(item.description),
        **_comments(item, projects, files, user if not locked else None),
        "questions": _questions(item, projects, files),
        "comment_kinds": Kind.choices,
        **_reviews(item, projects, files),
        "lines": lines,
        "older": older,
        "before": before,
        "evidence": evidence_of([item])[item.pk],
        "can_tick": item.is_open and not locked,
        **_commits(item),
        **_attachments(item),
        **_below(item),
        **_dependencies(item),
        **_time(item, user),
        "facts": facts(item),
        "status": STATUS_NAMES[item.status],
        "child_types": child_types(item),
        "locked": locked,
        "deletion": _deletion(item) if item.deleted_at else None,
    }


def _former(item: WorkItem) -> WorkItem | None:
    """Return the item that had this one's key in this clone before clones met."""
    pk = WorkItem.former_pk(item.display_key)
    if pk in (None, item.pk):
        return None
    return WorkItem.objects.living().filter(pk=pk).select_related("project").first()


def _ancestors(item: WorkItem) -> list[WorkItem]:
    found = WorkItem.objects.living().ancestors_of(item.pk).select_related("project").defer("description")
    return sorted(found, key=lambda ancestor: ("epic", "story", "task").index(ancestor.item_type))


def _comments(item: WorkItem, projects: LivingProjects, files: KnownFiles, ticker: User | None) -> Context:
    """Return the comments, oldest first, each with its text and whether that is folded; many are folded as a whole.

    The `ticker` can tick the tasks of the comments that they may edit.
    """
    rows = Comment.objects.filter(work_item=item, deleted_at=None).order_by("created_at", "id")
    rows = rows.select_related("created_by", "updated_by", "confirmed_by")
    files.expect(row.content for row in rows)
    found = [
        (row, to_html(row.content, projects, files=files, can_tick=_may_edit(row, ticker)), is_long(row.content))
        for row in rows
    ]
    folded = len(found) - LATEST if len(found) > MOST_UNFOLDED else 0
    return {"comments": found, "earlier": found[:folded], "latest": found[folded:]}


def _may_edit(comment: Comment, user: User | None) -> bool:
    return user is not None and (comment.created_by_id == user.pk or user.is_superuser)


def is_long(text: str) -> bool:
    """Return True if the page shows only the beginning of a Markdown text until the reader wants all of it."""
    return sum(1 + len(line) // LINE for line in text.splitlines()) > MOST_LINES


def _questions(item: WorkItem, projects: LivingProjects, files: KnownFiles) -> list[tuple[Question, str]]:
    """Return the questions with their details, open ones first, then the latest first."""
    rows = Question.objects.filter(work_item=item, deleted_at=None).order_by("-created_at", "-id")
    found = list(rows.select_related("created_by", "answered_by"))
    files.expect(question.details for question in found)
    for question in found:
        question.work_item = item
    ordered = sorted(found, key=lambda question: not question.is_open)
    return [(question, to_html(question.details, projects, files=files)) for question in ordered]


def _reviews(item: WorkItem, projects: LivingProjects, files: KnownFiles) -> Context:
    """Return the reviews and waivers, the latest first, what the item lacks, and how often force was used."""
    people = ("created_by", "decided_by")
    reviews = Review.objects.filter(work_item=item, deleted_at=None).select_related(*people)
    reviews = reviews.order_by("-created_at", "-id")
    waivers = Waiver.objects.filter(work_item=item, deleted_at=None).select_related("created_by")
    waivers = waivers.order_by("-created_at", "-id")
    files.expect(text for each in reviews for text in (each.content, each.answer))
    files.expect(each.reason for each in waivers)

    def html(text: str) -> str:
        return to_html(text, projects, files=files)

    return {
        "reviews": [(each, html(each.content), html(each.answer)) for each in reviews],
        "waivers": [(each, html(each.reason)) for each in waivers],
        "lacks": missing_evidence(item, is_accepted=True) if item.is_open else [],
        "forced": Activity.objects.of(item).filter(is_forced=True).select_related("actor").order_by("-id").first(),
    }


def _attachments(item: WorkItem) -> Context:
    """Return the attachments, the oldest first, each with its size and whether its content is here."""
    rows = Attachment.objects.filter(work_item=item, deleted_at=None).order_by("created_at", "id")
    return {
        "attachments": [(row, spelled(row.size)) for row in rows.with_places().select_related("created_by")],
        "is_joined": SyncBoard.joined() is not None,
    }


def _commits(item: WorkItem) -> Context:
    """Return the newest commits that name the item."""
    index.refresh_if_due()
    found = list(ownership.commits_of(item)[: MOST_COMMITS + 1])
    if any(commit.files is None for commit in found) and (repository := index.board_repository()):
        index.count_changes(repository, found[:MOST_COMMITS])
    return {"commits": found[:MOST_COMMITS], "more_commits": len(found) > MOST_COMMITS}


def _below(item: WorkItem) -> Context:
    """Return the children, their progress and the number of descendants that a deletion would include."""
    children = list(item.living_children().select_related("project", "assignee").defer("description").in_order())
    counted = [child for child in children if child.status != "cancelled"]
    done = [child for child in counted if child.status == "done"]
    return {
        "children": children,
        "counted": len(counted),
        "done": len(done),
        "points": sum(child.story_points or 0 for child in counted),
        "points_done": sum(child.story_points or 0 for child in done),
        "below": WorkItem.objects.living().descendants_of(item.pk).count(),
    }


def _dependencies(item: WorkItem) -> Context:
    """Return the dependencies grouped by kind, each with the item at the other end."""
    ends = ("blocking_item__project", "blocked_item__project")
    links = Dependency.objects.living().of(item.pk).select_related(*ends).order_by("created_at", "id")
    groups = links.defer("blocking_item__description", "blocked_item__description").by_relation(item)
    return {
        "links": [(relation.replace("_", " ").capitalize(), rows) for relation, rows in groups.items() if rows],
        "relations": [(relation, relation.replace("_", " ").capitalize()) for relation in groups],
        "blockers": [other for _, other in groups["blocked_by"] if other.is_open] if item.is_open else [],
    }


def _time(item: WorkItem, user: User) -> Context:
    rows = TimeEntry.objects.filter(Q(work_item=item) | Q(user=user, ended_at=None), deleted_at=None)
    entries = list(rows.select_related("user", "work_item__project").defer("work_item__description"))
    here = [entry for entry in entries if entry.work_item_id == item.pk]
    return {
        "timer": next((entry for entry in entries if entry.is_running and entry.user_id == user.pk), None),
        "entries": [(entry, spell(entry.duration_seconds)) for entry in reversed(here)],
        "time": spell(sum(entry.duration_seconds or 0 for entry in here)),
    }


def _deletion(item: WorkItem) -> Activity | None:
    deletions = Activity.objects.of(item).filter(action=Action.DELETED).select_related("actor")
    return deletions.order_by("-id").first()
