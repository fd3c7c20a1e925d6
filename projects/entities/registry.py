"""All entities."""

from __future__ import annotations

from projects.entities.attachment import ATTACHMENT
from projects.entities.check import CHECK
from projects.entities.check_run import CHECK_RUN
from projects.entities.comment import COMMENT
from projects.entities.criterion import CRITERION
from projects.entities.dependency import DEPENDENCY
from projects.entities.label import LABEL
from projects.entities.member import MEMBERSHIP
from projects.entities.project import PROJECT
from projects.entities.question import QUESTION
from projects.entities.review import REVIEW
from projects.entities.saved_view import SAVED_VIEW
from projects.entities.sprint import SPRINT
from projects.entities.swim_lane import SWIM_LANE
from projects.entities.time_entry import TIME_ENTRY
from projects.entities.waiver import WAIVER
from projects.entities.work_item import WORK_ITEM

TYPE_CHECKING = False
if TYPE_CHECKING:
    from projects.entities.spec import Entity


def _by_reference() -> tuple[Entity, ...]:
    found: list[Entity] = []
    while len(found) < len(ENTITIES):
        known = {entity.name for entity in found}
        waiting = [entity for entity in ENTITIES if entity.name not in known]
        ready = [one for one in waiting if {field.refers for field in one.references} <= {*known, one.name}]
        if not ready:
            raise LookupError(f"{waiting[0].name} refers to an entity that ENTITIES lacks")
        found.append(ready[0])
    return tuple(found)


# ENTITIES is in the order of an export file; BY_REFERENCE puts entities after those that they reference.
ENTITIES = (
    *(PROJECT, WORK_ITEM, SPRINT, COMMENT, SWIM_LANE, DEPENDENCY, TIME_ENTRY, QUESTION, REVIEW, WAIVER),
    *(CRITERION, CHECK, CHECK_RUN, SAVED_VIEW, LABEL, ATTACHMENT),
)
OF_SERVER = (MEMBERSHIP,)  # no part of a board: only a team's server has them
BY_REFERENCE = _by_reference()
BY_NAME = {entity.name: entity for entity in ENTITIES}
# The entity, or "user", that an ID in a history column refers to.
REFERS = {
    field.column: field.refers or "user"
    for entity in ENTITIES
    for field in entity.fields
    if field.tracked and field.is_link
}
