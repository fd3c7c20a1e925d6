"""What we expect of undocumented names of Django and REST framework: an upgrade that changes one fails here."""

from __future__ import annotations

import ast
import inspect
import io
import logging
from typing import Any

import pytest
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.sqlite3.base import DatabaseWrapper
from django.db.backends.sqlite3.schema import DatabaseSchemaEditor
from django.db.models import Model
from django.forms.models import BaseModelForm
from django.http import HttpResponseBadRequest
from django.test import RequestFactory
from django.utils.log import log_response
from drf_spectacular.openapi import AutoSchema
from rest_framework.request import Request

from projects.django_private import (
    CompiledQuery,
    compiled_values,
    django_request,
    loaded_relations,
    omit_from_log,
    queryset_class,
    replace_body,
)
from projects.models import Project, User, WorkItem
from tests.processes import CHECKOUT

SOURCE = CHECKOUT / "projects" / "django_private.py"
DOCUMENTED = {"_meta", "_state", "_base_manager", "_default_manager", "_replace", "_fields", "_asdict", "_exit"}
OVERRIDES = {
    "projects/sqlite/base.py": {"_start_transaction_under_autocommit", "_commit", "_rollback", "_close"},
    "projects/sqlite/schema.py": {"_remake_table"},
    # psycopg's; tests/projects/postgres/test_statements.py fails if an upgrade changes them.
    "projects/postgres/base.py": {"_start_transaction_under_autocommit", "_commit", "_rollback", "_close", "_prepared"},
    "projects/postgres/statements.py": {"_to_flush"},
    "projects/admin/forms.py": {"_post_clean"},
    "projects/api/schema.py": {
        *("_get_response_bodies", "_get_response_for_code", "_map_serializer_field", "_map_basic_serializer")
    },
}
SIGNATURES = [
    (DatabaseWrapper, "_start_transaction_under_autocommit", []),
    (DatabaseWrapper, "_commit", []),
    (DatabaseWrapper, "_rollback", []),
    (DatabaseWrapper, "_close", []),
    (DatabaseSchemaEditor, "_remake_table", ["model", "create_field", "delete_field", "alter_fields"]),
    (BaseModelForm, "_post_clean", []),
    (AutoSchema, "_get_response_bodies", ["direction"]),
    (AutoSchema, "_get_response_for_code", ["serializer", "status_code", "media_types", "direction"]),
    (AutoSchema, "_map_serializer_field", ["field", "direction", "bypass_extensions"]),
    (AutoSchema, "_map_basic_serializer", ["serializer", "direction"]),
]
CALLERS = [
    (DatabaseWrapper, "set_autocommit", "_start_transaction_under_autocommit"),
    (DatabaseWrapper, "commit", "_commit"),
    (DatabaseWrapper, "rollback", "_rollback"),
    (BaseDatabaseWrapper, "close", "_close"),
    (DatabaseSchemaEditor, "add_field", "_remake_table"),
    (DatabaseSchemaEditor, "_alter_field", "_remake_table"),
    (DatabaseSchemaEditor, "add_constraint", "_remake_table"),
    (BaseModelForm, "full_clean", "_post_clean"),
    (AutoSchema, "get_operation", "_get_response_bodies"),
    (AutoSchema, "_get_response_bodies", "_get_response_for_code"),
    (AutoSchema, "_map_serializer", "_map_basic_serializer"),
    (AutoSchema, "_map_basic_serializer", "_map_serializer_field"),
]


@pytest.mark.slow
@pytest.mark.parametrize("room", ["projects", "pmsite"])
def test_private_names_are_used_in_one_module_or_by_a_known_override(room: str) -> None:
    trees = {path: ast.parse(path.read_text()) for path in (CHECKOUT / room).rglob("*.py")}
    ours = set().union(*(_own_names(tree) for path, tree in trees.items() if path != SOURCE))
    ours -= set().union(*OVERRIDES.values())
    for path, tree in trees.items():
        name = str(path.relative_to(CHECKOUT))
        if path == SOURCE or "client" in path.parts:
            continue
        allowed = DOCUMENTED | OVERRIDES.get(name, set()) | ours
        private = {
            node.attr
            for node in ast.walk(tree)
            if isinstance(node, ast.Attribute) and node.attr.startswith("_") and not node.attr.startswith("__")
        }
        assert private <= allowed, f"{name} uses {private - allowed}"


def _own_names(tree: ast.Module) -> set[str]:
    """Return the names that a module defines: functions, classes, variables, and attributes that it sets."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Attribute):
            if node.attr.startswith("_") and ast.unparse(node.value) in ("self", "cls", "type(self)"):
                names.add(node.attr)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names |= {target.id for target in targets if isinstance(target, ast.Name)}
    return names


@pytest.mark.parametrize(("owner", "name", "arguments"), SIGNATURES, ids=[name for _, name, _ in SIGNATURES])
def test_overridden_method_takes_these_arguments(owner: type, name: str, arguments: list[str]) -> None:
    assert list(inspect.signature(getattr(owner, name)).parameters)[1:] == arguments


@pytest.mark.parametrize(("owner", "caller", "name"), CALLERS, ids=[f"{caller}.{name}" for _, caller, name in CALLERS])
def test_overridden_method_is_called_from(owner: type, caller: str, name: str) -> None:
    assert name in inspect.unwrap(getattr(owner, caller)).__code__.co_names


def test_sql_with_params_leaves_bound_objects_in_the_parameters() -> None:
    sql, parameters = compiled_values(User.objects.filter(username="ann").values_list("pk"))
    assert sql.startswith("SELECT ")
    assert parameters == ("ann",)


def test_queryset_that_can_have_no_rows_has_no_sql() -> None:
    assert compiled_values(User.objects.none().values_list("pk")) == ("", ())


@pytest.mark.django_db
def test_compiled_query_makes_the_instances_that_the_queryset_makes(project: Project, user: User) -> None:
    item = WorkItem.objects.create(actor=user, project=project, item_type="task", title="One")
    queryset = WorkItem.objects.filter(pk=item.pk).select_related("project", "parent", "created_by")
    compiled = CompiledQuery(queryset)
    with connection.cursor() as cursor:
        cursor.execute(compiled.sql, compiled.parameters)
        found = compiled.instance(cursor.fetchone())
    expected = queryset.get()
    assert _columns(found) == _columns(expected)
    assert _columns(found.project) == _columns(expected.project)
    assert _columns(found.created_by) == _columns(expected.created_by)
    assert set(loaded_relations(found)) == {"project", "parent", "created_by"}
    assert not found._state.adding


def _columns(instance: Model) -> dict[str, Any]:
    return {field.attname: getattr(instance, field.attname) for field in instance._meta.concrete_fields}


def test_queryset_class_is_that_of_the_manager() -> None:
    assert queryset_class(WorkItem.objects) is type(WorkItem.objects.all())


def test_loaded_relations_follow_assignments() -> None:
    project = Project(key="ONE")
    item = WorkItem(project=project)
    assert loaded_relations(item) == {"project": project}
    loaded_relations(item).clear()
    assert loaded_relations(item) == {}


def test_replaced_body_is_what_django_reads() -> None:
    request = RequestFactory().post("/", b"old", content_type="text/plain")
    replace_body(request, io.BytesIO(b"new"))
    request.META["CONTENT_LENGTH"] = "3"
    assert request.body == b"new"


@pytest.mark.parametrize("omitted", [False, True])
def test_omitted_response_is_not_logged(omitted: bool, caplog: pytest.LogCaptureFixture) -> None:
    response = HttpResponseBadRequest()
    if omitted:
        omit_from_log(response)
    with caplog.at_level(logging.WARNING, "django.request"):
        logger = logging.getLogger("django.request")
        logger.addHandler(caplog.handler)
        log_response("Bad", response=response, request=RequestFactory().get("/"), logger=logger)
        logger.removeHandler(caplog.handler)
    assert bool(caplog.records) is not omitted


def test_request_of_rest_framework_has_the_one_of_django() -> None:
    request = RequestFactory().get("/")
    assert django_request(Request(request)) is request
