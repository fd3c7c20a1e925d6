from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rest_framework.test import APIClient

from projects.models import WorkItem
from projects.models.sync import FormerKey
from tests.projects.api.test_projects import error

Make = Callable[..., Any]
URL = "/api/v1/work-items/"


def test_former_key_leads_to_the_item(api: APIClient, make_item: Make) -> None:
    item, other = make_item("Renumbered"), make_item("Other")
    FormerKey.objects.create(key="PONE-77", item_id=item.pk)
    assert api.get(f"{URL}pone-77/").json()["id"] == str(item.pk)
    assert api.get(f"{URL}PONE-77/show/").json()["id"] == str(item.pk)
    assert api.patch(f"{URL}PONE-77/", {"title": "Found"}, format="json").json()["display_key"] == "PONE-1"
    created = api.post(f"{URL}{other.pk}/move/", {"before": "PONE-77"}, format="json")
    assert created.status_code == 200
    assert api.get(f"{URL}PONE-78/").status_code == 404


def test_write_by_a_key_of_two_items_is_refused(api: APIClient, make_item: Make) -> None:
    mine, theirs = make_item("Mine"), make_item("Theirs")
    FormerKey.objects.create(key=theirs.display_key, item_id=mine.pk)
    refused = error(api.patch(f"{URL}{theirs.display_key}/", {"title": "Which?"}, format="json"), 409, "KEY_MOVED")
    assert mine.display_key in refused["message"]
    assert str(theirs.pk) in refused["message"]
    assert not WorkItem.objects.filter(title="Which?").exists()
    assert api.patch(f"{URL}{theirs.pk}/", {"title": "Theirs"}, format="json").status_code == 200
    for path in ("", "show/"):
        shown = api.get(f"{URL}{theirs.display_key}/{path}")
        assert shown.json()["id"] == str(theirs.pk)
        assert shown["X-PM-Warning"].endswith(f"it meant {mine.display_key} before")
    assert "X-PM-Warning" not in api.get(f"{URL}{mine.display_key}/")
