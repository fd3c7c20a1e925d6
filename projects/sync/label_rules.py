"""Labels of a project that are equal but for case are one label, spelled as in the first change that used it.

A label with a row of its own, which has its colour, is spelled as the row says.
"""

from __future__ import annotations

import uuid
from dataclasses import replace

from projects.models.label import label_id
from projects.sync.operations import Operation
from projects.sync.state import Layer, Record, labels_of

SPELLINGS = "spellings"  # of the values of a project: each label by its name in lower case
MAX_SPELLINGS = 2_000  # of a project; labels beyond are spelled as they are written


def spelled(layer: Layer, record: Record | None, operation: Operation) -> Operation:
    """Return the operation with its new labels as the project spells them; note those that are new there.

    `record` is what the operation changes, None if it creates it.
    """
    name = labels_of(operation.entity)
    labels = operation.changes[name][1] if name in operation.changes else None
    if name is None or not labels:
        return operation
    pk = record.values.get("project") if record else operation.changes.get("project", (None, None))[1]
    project = layer.record(pk) if pk else None
    if project is None or project.type != "project":
        return operation
    known = project.values.get(SPELLINGS, {})
    if all(known.get(label.casefold()) == label for label in labels):
        return operation
    new = {label.casefold(): label for label in labels if label.casefold() not in known}
    if new and len(known) + len(new) <= MAX_SPELLINGS:
        project = project.copy()
        project.values[SPELLINGS] = known | new
        layer.put(project)
    spelled = [known.get(label.casefold(), label) for label in labels]
    if spelled == labels:
        return operation
    return replace(operation, changes={**operation.changes, name: (operation.changes[name][0], spelled)})


def has_own_id(record: Record) -> bool:
    """Return True if the row of a label has the ID of its project and name, as all clones give it."""
    return record.id == str(label_id(uuid.UUID(record.values["project"]), record.values["name"]))


def note(layer: Layer, record: Record) -> None:
    """Spell the label of a row as the row says, in all changes of items that follow."""
    name, project = record.values["name"], layer.record(record.values["project"])
    if project is None or not record.is_living:
        return
    known = project.values.get(SPELLINGS, {})
    if known.get(name.casefold()) == name or (name.casefold() not in known and len(known) >= MAX_SPELLINGS):
        return
    project = project.copy()
    project.values[SPELLINGS] = known | {name.casefold(): name}
    layer.put(project)
