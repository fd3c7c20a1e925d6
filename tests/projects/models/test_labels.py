"""Labels of a project: their colours, and renaming and merging them on all items."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.core.exceptions import ValidationError

from projects.models import Label, Project, User, WorkItem
from projects.models.activity import group_of_transaction
from projects.models.edits import undo_group
from projects.models.exceptions import Archived, Conflict
from projects.models.label import label_id
from tests.projects.conftest import begin_group

pytestmark = pytest.mark.django_db
Make = Callable[..., WorkItem]


def labels_of(item: WorkItem) -> list[str]:
    return list(WorkItem.objects.get(pk=item.pk).labels)


def used(project: Project) -> list[tuple[str, str, int]]:
    return [one[:3] for one in Label.objects.usage(project)]


def test_usage_counts_items_in_any_case_and_lists_unused_colours(project: Project, make_item: Make, user: User) -> None:
    make_item(labels=["API", "late"])
    make_item(labels=["api"])
    make_item(labels=["api", "gone"]).soft_delete(actor=user)
    make_item(labels=["API"])
    Label.objects.put(project, "Api", actor=user, colour="blue")
    Label.objects.put(project, "new", actor=user, colour="red")
    assert used(project) == [("Api", "blue", 3), ("late", "grey", 1), ("new", "red", 0)]


def test_rename_keeps_place_and_colour_of_the_label(project: Project, make_item: Make, user: User) -> None:
    item = make_item(labels=["one", "defect", "two"])
    other = make_item(labels=["Defect"])
    Label.objects.put(project, "defect", actor=user, colour="red")
    assert Label.objects.rename(project, "DEFECT", "bug", actor=user) == 2
    assert (labels_of(item), labels_of(other)) == (["one", "bug", "two"], ["bug"])
    assert used(project) == [("bug", "red", 2), ("one", "grey", 1), ("two", "grey", 1)]


def test_rename_reaches_deleted_items_and_is_undone_there(project: Project, make_item: Make, user: User) -> None:
    living, gone = make_item(labels=["defect"]), make_item(labels=["defect", "late"])
    gone.soft_delete(actor=user)
    begin_group()
    assert Label.objects.rename(project, "defect", "bug", actor=user) == 1  # a living one
    group = group_of_transaction()
    assert labels_of(gone) == ["bug", "late"]
    undo_group(group, actor=user)
    assert (labels_of(living), labels_of(gone)) == (["defect"], ["defect", "late"])
    Label.objects.rename(project, "defect", "bug", actor=user)
    gone = WorkItem.objects.get(pk=gone.pk)
    gone.restore(actor=user)
    assert labels_of(gone) == ["bug", "late"]
    assert [name for name, _, _ in used(project)] == ["bug", "late"]


def test_rename_changes_the_spelling_alone(project: Project, make_item: Make, user: User) -> None:
    item, other = make_item(labels=["api"]), make_item(labels=["API"])
    assert Label.objects.rename(project, "api", "API", actor=user) == 1
    assert labels_of(item) == labels_of(other) == ["API"]
    assert used(project) == [("API", "grey", 2)]


def test_rename_to_a_label_that_exists_is_refused_and_merge_is_not(
    project: Project, make_item: Make, user: User
) -> None:
    both, one = make_item(labels=["Bug", "defect"]), make_item(labels=["defect"])
    Label.objects.put(project, "defect", actor=user, colour="red")
    Label.objects.put(project, "bug", actor=user, colour="blue")
    with pytest.raises(Conflict, match="already has the label bug; merge them"):
        Label.objects.rename(project, "defect", "BUG", actor=user)
    assert Label.objects.rename(project, "defect", "BUG", actor=user, merge=True) == 2
    assert [name.casefold() for name in labels_of(both)] == ["bug"]
    assert labels_of(one) == ["bug"]
    assert used(project) == [("bug", "blue", 2)]


def test_rename_of_a_label_that_is_not_there_lists_those_that_are(
    project: Project, make_item: Make, user: User
) -> None:
    make_item(labels=["late"])
    with pytest.raises(ValidationError, match="PONE has no label soon; it has late"):
        Label.objects.rename(project, "soon", "later", actor=user)
    with pytest.raises(ValidationError, match="comma"):
        Label.objects.rename(project, "late", "a,b", actor=user)


def test_label_in_use_is_not_deleted(project: Project, make_item: Make, user: User) -> None:
    item, row = make_item(labels=["late"]), Label.objects.put(project, "late", actor=user, colour="red")
    with pytest.raises(Conflict, match="an item has the label late; merge it"):
        row.soft_delete(actor=user)
    item.update(actor=user, labels=[])
    row.soft_delete(actor=user)
    assert used(project) == []


def test_deleted_label_comes_back_with_its_next_colour(project: Project, user: User) -> None:
    row = Label.objects.put(project, "late", actor=user, colour="red")
    assert row.pk == label_id(project.pk, "LATE")
    row.soft_delete(actor=user)
    again = Label.objects.create(actor=user, project=project, name="Late", colour="green")
    assert (again.pk, again.version, again.deleted_at) == (row.pk, row.version + 2, None)
    assert used(project) == [("Late", "green", 0)]
    with pytest.raises(Conflict, match="already has a colour for the label late"):
        Label.objects.create(actor=user, project=project, name="late")


def test_name_of_a_row_changes_only_its_spelling(project: Project, user: User) -> None:
    row = Label.objects.put(project, "late", actor=user, colour="red")
    row.update(actor=user, name="Late")
    with pytest.raises(ValidationError, match="pm label rename"):
        row.update(actor=user, name="later")


def test_labels_of_an_archived_project_stay(project: Project, make_item: Make, user: User) -> None:
    make_item(labels=["late"])
    project.archive(actor=user)
    with pytest.raises(Archived):
        Label.objects.rename(project, "late", "soon", actor=user)
    with pytest.raises(Archived):
        Label.objects.put(project, "late", actor=user, colour="red")
