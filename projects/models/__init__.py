from projects.models.activity import Activity
from projects.models.api_token import ApiToken
from projects.models.attachment import Attachment, AttachmentContent
from projects.models.board_identity import BoardIdentity
from projects.models.board_move import BoardMove
from projects.models.check import Check, CheckApproval
from projects.models.check_run import CheckRun, OpenedRun, ReportedTree
from projects.models.comment import Comment
from projects.models.commit import Commit
from projects.models.criterion import Criterion
from projects.models.deletion import Tombstone
from projects.models.dependency import Dependency
from projects.models.device_code import DeviceCode
from projects.models.idempotency import IdempotentAnswer
from projects.models.label import Label
from projects.models.login_ticket import LoginTicket
from projects.models.membership import DefaultRole, Membership
from projects.models.pending_note import PendingNote
from projects.models.project import Project
from projects.models.question import Question
from projects.models.review import Review
from projects.models.saved_view import SavedView
from projects.models.session import Session
from projects.models.sprints.sprint import Sprint
from projects.models.swim_lane import SwimLane
from projects.models.sync import LostChange, SyncBoard
from projects.models.time_entry import TimeEntry
from projects.models.user import User
from projects.models.waiver import Waiver
from projects.models.work_items.item import WorkItem
from projects.models.work_items.schema import ItemLabel

__all__ = [
    "Activity",
    "ApiToken",
    "Attachment",
    "AttachmentContent",
    "BoardIdentity",
    "BoardMove",
    "Check",
    "CheckApproval",
    "CheckRun",
    "Comment",
    "Commit",
    "Criterion",
    "DefaultRole",
    "Dependency",
    "DeviceCode",
    "IdempotentAnswer",
    "ItemLabel",
    "Label",
    "LoginTicket",
    "LostChange",
    "Membership",
    "OpenedRun",
    "PendingNote",
    "Project",
    "Question",
    "ReportedTree",
    "Review",
    "SavedView",
    "Session",
    "Sprint",
    "SwimLane",
    "SyncBoard",
    "TimeEntry",
    "Tombstone",
    "User",
    "Waiver",
    "WorkItem",
]
