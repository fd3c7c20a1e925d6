from projects.models.activity import Activity
from projects.models.comment import Comment
from projects.models.dependency import Dependency
from projects.models.idempotency import IdempotentAnswer
from projects.models.label import ItemLabel
from projects.models.login_ticket import LoginTicket
from projects.models.project import Project
from projects.models.sprint import Sprint
from projects.models.swim_lane import SwimLane
from projects.models.time_entry import TimeEntry
from projects.models.tombstone import Tombstone
from projects.models.user import User
from projects.models.work_item import WorkItem

__all__ = [
    "Activity",
    "Comment",
    "Dependency",
    "IdempotentAnswer",
    "ItemLabel",
    "LoginTicket",
    "Project",
    "Sprint",
    "SwimLane",
    "TimeEntry",
    "Tombstone",
    "User",
    "WorkItem",
]
