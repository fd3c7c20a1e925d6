"""The inbox page's data: each entry with all that a person needs to decide. The number of queries is constant."""

from __future__ import annotations

import uuid
from collections.abc import Container, Mapping
from dataclasses import dataclass

from projects.loose_types import Context
from projects.models import rights
from projects.models.inbox.items import Unheld
from projects.models.inbox.listing import BY_KIND, MOST_SHOWN, count, page
from projects.models.inbox.lost import LostChanges
from projects.models.inbox.reviews import Reviews
from projects.models.inbox.source import Act, Entry, Lost
from projects.models.work_items.evidence import OFF
from projects.web.evidence import Evidence, evidence_of
from projects.web.field_labels import label
from projects.web.history_lines import LONG as LONG_VALUE
from projects.web.history_lines import difference
from projects.web.markdown.attachments import KnownFiles
from projects.web.markdown.item_keys import LivingProjects
from projects.web.markdown.rendering import to_html

SHOWN = 30  # entries
MOST_NOTIFIED = 50  # entries, for notifications
LONG = 600  # characters of details; more are folded


@dataclass(slots=True)
class Shown:
    """An entry as the page shows it."""

    entry: Entry
    heading: str
    said: str  # HTML
    details: str  # HTML
    evidence: Evidence | None
    lost: list[Context]

    @property
    def missing(self) -> str:
        """What a review lacks that the project requires, "" if nothing."""
        item = self.entry.item
        if item is None or self.evidence is None or self.entry.kind != Reviews.kind:
            return ""
        texts = []
        if item.project.acceptance_policy != OFF and (number := len(self.evidence.criteria) - self.evidence.ticked):
            texts.append(f"{number} acceptance {'criterion' if number == 1 else 'criteria'} to tick")
        if item.project.checks_policy != OFF:
            states = [shown.state for shown in self.evidence.checks]
            names = [one.check.name for one in states if one.check.is_required and not one.is_passed]
            texts += [f"check {name} to pass" for name in names]
        return ", ".join(texts)

    @property
    def may_act(self) -> bool:
        """Whether the reader may work in the project."""
        return self.entry.item is None or rights.may_write(self.entry.item.project_id)

    @property
    def is_acceptable(self) -> bool:
        """Whether accepting is what most people do next: nothing is missing, and a criterion is ticked, if any."""
        evidence = self.evidence
        is_looked_at = evidence is None or evidence.ticked > 0 or not evidence.criteria
        return self.entry.kind != Reviews.kind or (is_looked_at and not self.missing)

    @property
    def is_long(self) -> bool:
        return len(self.entry.details) > LONG

    @property
    def buttons(self) -> list[Act]:
        return [act for act in self.entry.acts if not act.asks]

    @property
    def texts(self) -> list[Act]:
        return [act for act in self.entry.acts if act.asks]


def badge() -> str:
    """Return the number of entries as the header of each page shows it; one compiled query."""
    number = count()
    return str(number) if number <= MOST_SHOWN else f"{MOST_SHOWN}+"


def context() -> Context:
    """Return the template context of the page."""
    found = page(SHOWN)
    items = {entry.item.pk: entry.item for entry in found.entries if entry.item}
    evidence = evidence_of(list(items.values()), with_comments=True)
    projects, files = LivingProjects(), KnownFiles()
    files.expect(text for entry in found.entries for text in (entry.said, entry.details))
    more = "" if found.is_exact else "+"
    return {
        "entries": [_shown(entry, evidence, projects, files) for entry in found.entries],
        "total": f"{found.total}{more}",
        "imported": Unheld().imported(),
        "rest": f"{found.total - len(found.entries)}{more}" if found.next else "",
    }


def notifications() -> list[Context]:
    """Return the first entries in few words, for desktop notifications.

    A lost change may belong to an archived or deleted project, so it shows only the key.
    """
    return [
        {
            "id": entry.id,
            "title": f"{BY_KIND[entry.kind].heading}: {entry.key}",
            "text": "" if entry.kind == LostChanges.kind else entry.title or entry.text,
        }
        for entry in page(MOST_NOTIFIED).entries
    ]


def _shown(entry: Entry, evidence: Mapping[uuid.UUID, Evidence], projects: Container[str], files: KnownFiles) -> Shown:
    return Shown(
        entry=entry,
        heading=BY_KIND[entry.kind].heading,
        said=to_html(entry.said, projects, files=files),
        details=to_html(entry.details, projects, files=files),
        evidence=evidence.get(entry.item.pk) if entry.item else None,
        lost=[_lost(one) for one in entry.lost],
    )


def _lost(one: Lost) -> Context:
    """Return both values, and their difference if they are long."""
    is_text = "\n" in one.mine + one.now or max(len(one.mine), len(one.now)) > LONG_VALUE
    lines = list(difference(one.now, one.mine)) if is_text else []
    return {"name": label(one.field), "mine": one.mine, "now": one.now, "lines": lines}
