from __future__ import annotations

from typing import Any

import pytest

from projects.models import Project
from tests.projects.api.test_projects import URL
from tests.projects.conftest import bearer, of_projects
from tests.projects.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)


def test_one_of_many_conditional_updates_wins(running: Any, transactional_db: None, project: Project) -> None:
    for round_ in range(5):
        body = {"expected_version": round_ + 1}
        answers = at_once(6, lambda number: bearer().patch(f"{URL}PONE/", body | {"title": f"{round_} {number}"}))  # noqa: B023
        won = [answer for answer in answers if answer.status_code == 200]
        lost = [answer.json()["error"] for answer in answers if answer.status_code == 409]
        assert (len(won), len(lost)) == (1, 5)
        assert {problem["current"]["title"] for problem in lost} == {won[0].json()["title"]}
        project.refresh_from_db()
        assert (project.title, project.version) == (won[0].json()["title"], round_ + 2)


def test_all_of_many_unconditional_updates_succeed(running: Any, project: Project) -> None:
    answers = at_once(8, lambda number: bearer().patch(f"{URL}PONE/", {"title": f"T{number}"}))
    assert {answer.status_code for answer in answers} == {200}
    project.refresh_from_db()
    assert project.version == 9
    titles = [change["new"] for row in of_projects()[1:] for change in row.changes]
    olds = [change["old"] for row in of_projects()[1:] for change in row.changes]
    assert olds == ["First", *titles[:-1]]  # each saw the previous write


def test_one_of_many_creates_with_one_key_succeeds(running: Any) -> None:
    answers = at_once(8, lambda number: bearer().post(URL, {"key": "PONE", "title": f"T{number}"}))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7
    assert Project.objects.count() == of_projects().count() == 1
