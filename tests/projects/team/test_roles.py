from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator

import pytest
from django.db import connection
from django.utils import timezone

from projects.entities.registry import ENTITIES, OF_SERVER
from projects.models import ApiToken, Comment, DefaultRole, Membership, Project, Session, SwimLane, User, WorkItem
from projects.models.base import find_pk
from projects.models.exceptions import Conflict, NotYours
from projects.models.rights import current
from projects.team import row_filter
from projects.team.roles import WRITERS, Access, Role, needed_by_page
from projects.web.agents_page import Lane
from tests.projects.team.site import narrowed

pytestmark = pytest.mark.django_db
P, Q = uuid.uuid4(), uuid.uuid4()
MEMBER_OF_P = {P: Role.MEMBER}


@pytest.fixture
def ada() -> User:
    return User.objects.actor("ada", is_agent=False)


@pytest.fixture
def eve() -> User:
    return User.objects.actor("eve", is_agent=False)


@pytest.fixture
def filtered() -> Iterator[None]:
    with narrowed():
        yield


def test_every_table_is_filtered_or_open_for_a_reason() -> None:
    tables = {name for name in connection.introspection.table_names() if name.startswith("projects_")}
    assert tables - row_filter.conditions().keys() - row_filter.OPEN.keys() == set()
    assert not row_filter.conditions().keys() & row_filter.OPEN.keys()


def test_every_entity_has_a_role_that_writes_it() -> None:
    assert WRITERS.keys() == {entity.name for entity in (*ENTITIES, *OF_SERVER)}


def test_role_counts_in_its_project_only() -> None:
    access = Access(MEMBER_OF_P)
    assert (access.role_in(P), access.role_in(Q), access.highest) == (Role.MEMBER, Role.NONE, Role.MEMBER)
    access.check_project(P, "comment")
    with pytest.raises(NotYours, match="you are a member of this project, and this needs a maintainer"):
        access.check_project(P, "swim_lane")
    with pytest.raises(NotYours):
        access.check_project(Q, "comment")


def test_default_role_counts_where_there_is_no_other() -> None:
    access = Access({P: Role.MAINTAINER}, default=Role.VIEWER)
    assert (access.role_in(P), access.role_in(Q)) == (Role.MAINTAINER, Role.VIEWER)
    assert access.rows is None  # everything is visible


def test_token_never_has_more_than_its_user_and_its_projects() -> None:
    access = Access({P: Role.MEMBER, Q: Role.VIEWER}, only=frozenset({Q}))
    assert (access.role_in(P), access.role_in(Q), access.highest) == (Role.NONE, Role.VIEWER, Role.VIEWER)
    wider = Access(MEMBER_OF_P, only=frozenset({Q}))
    assert (wider.role_in(Q), wider.highest) == (Role.NONE, Role.NONE)


def test_token_of_an_administrator_for_one_project_administers_nothing() -> None:
    access = Access({}, is_administrator=True, only=frozenset({P}))
    assert (access.is_administrator, access.role_in(P), access.role_in(Q)) == (False, Role.MAINTAINER, Role.NONE)
    with pytest.raises(NotYours, match="only an administrator"):
        access.require(Role.ADMINISTRATOR)


@pytest.mark.parametrize(
    ("own", "of_agent", "expected"),
    [
        (Role.MAINTAINER, Role.VIEWER, Role.VIEWER),
        (Role.VIEWER, Role.MAINTAINER, Role.VIEWER),
        (Role.MEMBER, None, Role.MEMBER),
        (None, Role.MAINTAINER, Role.NONE),
    ],
)
def test_agent_acts_with_the_smaller_of_both_rights(
    ada: User, project: Project, own: Role | None, of_agent: Role | None, expected: Role
) -> None:
    bot = User.objects.actor("bot")
    for user, role in ((ada, own), (bot, of_agent)):
        if role is not None:
            Membership.objects.create(user=user, project=project, role=role.label)
    _, token = ApiToken.objects.issue(ada, "laptop", ["read", "write", "act-as"])
    assert Access.of(ada, token=token, agent=bot).role_in(project.pk) == expected


def test_models_refuse_what_the_role_does_not_allow(
    ada: User, project: Project, make_item: Callable[..., WorkItem]
) -> None:
    item, lane = make_item(), project.swim_lanes.earliest("position")
    token = current.set(Access({project.pk: Role.MEMBER}))
    try:
        Comment.objects.create(actor=ada, work_item=item, content="Fine.")
        with pytest.raises(NotYours):
            lane.update(actor=ada, name="Other")
        with pytest.raises(NotYours):
            project.update(actor=ada, title="Other")
        with pytest.raises(NotYours, match="only an administrator"):
            Project.objects.create(actor=ada, key="NEW", title="New")
        current.set(Access({project.pk: Role.VIEWER}))
        for write in (lambda: item.update(actor=ada, title="Other"), lambda: item.soft_delete(actor=ada)):
            with pytest.raises(NotYours, match="you are a viewer"):
                write()
        assert project.is_read_only
    finally:
        current.reset(token)
    assert not project.is_read_only
    assert SwimLane.objects.get(pk=lane.pk).name == lane.name


@pytest.mark.usefixtures("filtered")
def test_rows_of_other_projects_are_hidden_from_every_statement(
    ada: User, project: Project, make_project: Callable[..., Project], make_item: Callable[..., WorkItem]
) -> None:
    other = make_project("OTHER")
    for each in (project, other):
        item = make_item(project=each)
        Comment.objects.create(actor=ada, work_item=item, content="Text")
    assert WorkItem.objects.count() == 2
    with pytest.raises(Conflict, match="use a key: OTHER-1, PONE-1"):
        find_pk(WorkItem, "1")
    current.set(Access({project.pk: Role.VIEWER}))
    assert find_pk(WorkItem, "1") == project.work_items.get().pk
    assert list(WorkItem.objects.values_list("project", flat=True)) == [project.pk]
    assert Comment.objects.select_related("work_item__project").get().work_item.project == project
    with connection.cursor() as cursor:
        cursor.execute("WITH RECURSIVE n(id) AS (SELECT id FROM projects_project) SELECT count(*) FROM n")
        assert cursor.fetchone() == (1,)
        cursor.execute("SELECT (SELECT count(*) FROM projects_comment), count(*) FROM projects_swimlane")
        assert cursor.fetchone() == (1, project.swim_lanes.count())
    assert not Project.objects.filter(key="OTHER").exists()
    current.set(Access({}))
    assert not WorkItem.objects.exists()
    current.set(Access({}, is_administrator=True))
    assert WorkItem.objects.count() == 2


def test_only_people_give_change_and_take_roles(ada: User, eve: User, project: Project) -> None:
    member = Membership.objects.give(eve, project, "viewer", actor=ada)
    assert member.change("member", actor=ada)
    assert not member.change("member", actor=ada)
    with pytest.raises(Conflict, match="is a member of PONE already"):
        Membership.objects.give(eve, project, "viewer", actor=ada)
    bot = User.objects.actor("bot")
    with pytest.raises(NotYours, match="only a person"):
        member.take(actor=bot)
    with pytest.raises(NotYours, match="only a person"):
        Membership.objects.give(bot, project, "viewer", actor=bot)
    member.take(actor=ada)
    assert not Membership.objects.exists()


def test_digest_changes_with_each_role(ada: User, project: Project) -> None:
    seen = [Access.of(ada).digest()]
    for role in ("viewer", "member"):
        Membership.objects.update_or_create(user=ada, project=project, defaults={"role": role})
        seen.append(Access.of(ada).digest())
    DefaultRole.choose("viewer", actor=ada)
    seen.append(Access.of(ada).digest())
    assert len(set(seen)) == len(seen)
    assert Access.of(ada).digest() == seen[-1]


def test_new_users_have_no_role_unless_the_administrator_says_so(ada: User, project: Project) -> None:
    assert Access.of(ada).role_in(project.pk) == Role.NONE
    DefaultRole.choose("viewer", actor=ada)
    assert Access.of(ada).role_in(project.pk) == Role.VIEWER


@pytest.mark.parametrize("route", ["logout", "own-tokens", "device", "look", "oidc"])
def test_everybody_signs_out_and_manages_own_tokens(route: str) -> None:
    assert needed_by_page(route, "POST") == Role.NONE


def test_projects_of_a_token_never_change(ada: User, project: Project) -> None:
    _, token = ApiToken.objects.issue(ada, "laptop", ["read"], projects=[project.pk])
    assert token.project_ids == {project.pk}
    with pytest.raises(Exception, match="never change"):
        ApiToken.objects.filter(pk=token.pk).update(projects="")


def test_lane_takes_notes_of_who_works_in_a_project_of_its_session() -> None:
    lane = Lane(Session(), is_live=True, now=timezone.now(), host="h", worked_in={P})
    for role, expected in ((Role.VIEWER, False), (Role.MEMBER, True)):
        current.set(Access({P: role, Q: Role.MEMBER}))
        assert lane.takes_notes == expected
