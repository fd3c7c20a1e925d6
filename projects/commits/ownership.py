"""Which item a commit means by a key, where an item was renumbered and its old key belongs to another one now.

The operation that reports a renumbering lists the commits that named the old key in the clone of the item. Those that
were made there mean this item, in all clones. For those that came from elsewhere, and for copies that a rebase made
later, nobody can say which item they mean. All other commits mean the item that has the key.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Count, Exists, F, OuterRef, Q, Subquery, Value
from django.db.models.functions import Cast, Coalesce, Concat

from projects.models.commit import Commit, CommitMention, RenumberedCommit
from projects.models.work_items.item import WorkItem

REPORTED = "reported"  # the policy with which commits count that clients reported


def commits_of(item: WorkItem) -> models.QuerySet[Commit]:
    """Return the indexed commits that mean the item, the newest first."""
    if not RenumberedCommit.objects.exists():  # mostly: a query that costs half to build
        return Commit.objects.filter(mentions__key=item.display_key).order_by("-committed_at", "sha")
    by_key = _plain(CommitMention.objects.filter(key=item.display_key)).values("commit")
    reported = _reported().filter(item_id=item.pk).values("sha")
    return Commit.objects.filter(Q(pk__in=by_key) | Q(pk__in=reported)).order_by("-committed_at", "sha")


def named(items: models.QuerySet[WorkItem]) -> models.QuerySet[WorkItem]:
    """Limit the items to those that an indexed commit means."""
    return _keyed(items).filter(_is_named())


def unnamed(items: models.QuerySet[WorkItem]) -> models.QuerySet[WorkItem]:
    """Limit the items to those that no indexed commit means."""
    return _keyed(items).exclude(_is_named())


def unassigned(project: str = "") -> models.QuerySet[CommitMention]:
    """Return the mentions, only of the project of this key if given, of which nobody can say what item they mean."""
    owners = _listed().exclude(item_id=None).order_by().values("key").annotate(count=Count("item_id", distinct=True))
    found = CommitMention.objects.filter(Exists(_listed()) | Exists(_copied()))
    found = found.annotate(owners=Coalesce(Subquery(owners.values("count")), 0)).exclude(owners=1)
    if project:
        found = found.filter(key__startswith=f"{project}-")
    return found.select_related("commit").order_by("-commit__committed_at", "commit", "key")


def candidates(key: str) -> models.QuerySet[WorkItem]:
    """Return the living items that a mention of the key could mean."""
    renumbered = RenumberedCommit.objects.filter(key=key).exclude(item_id=None).values("item_id")
    items = WorkItem.objects.living().select_related("project")
    return _keyed(items).filter(Q(shown_key=key) | Q(pk__in=renumbered)).order_by("item_number")


def _listed() -> models.QuerySet[RenumberedCommit]:
    return RenumberedCommit.objects.filter(key=OuterRef("key"), sha=OuterRef("commit_id"))


def _copied() -> models.QuerySet[RenumberedCommit]:
    same = {"author": OuterRef("commit__author"), "authored_at": OuterRef("commit__authored_at")}
    return RenumberedCommit.objects.filter(key=OuterRef("key"), **same)


def _plain(mentions: models.QuerySet[CommitMention]) -> models.QuerySet[CommitMention]:
    """Limit mentions to those that mean the item that has the key."""
    return mentions.exclude(Exists(_listed())).exclude(Exists(_copied()))


def _counted(mentions: models.QuerySet[CommitMention]) -> models.QuerySet[CommitMention]:
    """Limit mentions to those that count as evidence under the policy of the item's project."""
    policy = models.ExpressionWrapper(OuterRef("project__commits_policy"), output_field=models.CharField())
    return mentions.alias(policy=policy).filter(Q(commit__reported_by="") | Q(policy=REPORTED))


def _reported() -> models.QuerySet[RenumberedCommit]:
    """Return the commits that one clone, and no other one, said to mean its item, if they name the key."""
    mentions = CommitMention.objects.filter(key=OuterRef("key"), commit=OuterRef("sha"))
    others = RenumberedCommit.objects.filter(key=OuterRef("key"), sha=OuterRef("sha")).exclude(item_id=None)
    others = others.exclude(item_id=OuterRef("item_id"))
    return RenumberedCommit.objects.filter(Exists(mentions)).exclude(item_id=None).exclude(Exists(others))


def _keyed(items: models.QuerySet[WorkItem]) -> models.QuerySet[WorkItem]:
    key = Concat(F("project__key"), Value("-"), Cast("item_number", models.CharField()))
    return items.alias(shown_key=key)


def _is_named() -> Q:
    by_key = _counted(_plain(CommitMention.objects.filter(key=OuterRef("shown_key"))))
    return Q(Exists(by_key)) | Q(Exists(_reported().filter(item_id=OuterRef("pk"))))
