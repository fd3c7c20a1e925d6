"""No false claim of an agent reaches done where the policies are required, and no honest work is refused."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from rest_framework.test import APIClient

from projects.models import WorkItem
from tests.projects.claims import CLAIMS, IN_BROWSER, POLICIES, WAYS, Claim, Scene, answered

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.name.replace(" ", "-"))
def test_false_claim_does_not_reach_done(
    api: APIClient, claim: Claim, record_property: Callable[[str, object], None]
) -> None:
    answer = answered(claim.act(Scene()))
    record_property("claim", (claim.name, answer.code, answer.text))  # plain values: xdist sends them
    assert not WorkItem.objects.filter(status="done").exists()
    assert answer.is_refused or claim.names == "review"
    assert claim.names in answer.text


def test_there_are_twenty_claims_and_fifty_kinds_of_honest_work() -> None:
    assert len(CLAIMS) >= 20
    assert len(POLICIES) * len(WAYS) + len(IN_BROWSER) >= 50


@pytest.mark.parametrize("policies", POLICIES, ids="-".join)
def test_honest_work_is_not_refused(
    api: APIClient, policies: tuple[str, str, str], record_property: Callable[[str, object], None]
) -> None:
    names = ("review_policy", "checks_policy", "acceptance_policy")
    scene = Scene(**dict(zip(names, policies, strict=True)))
    for way in (*WAYS, *(["browser"] if policies in IN_BROWSER else [])):
        statuses = scene.work_honestly(way)
        record_property("honest", (*policies, way, statuses))
        assert statuses[-1] == "done"
        closing = WorkItem.objects.get(pk=scene.item.pk).closing
        assert closing == ("accepted" if policies[0] == "required" or way == "review" else None)
        if policies[0] == "required":
            assert statuses[0] == ("done" if way == "browser" else "review")
