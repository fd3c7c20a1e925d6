from projects.models.activity import Activity
from projects.models.idempotency import IdempotentAnswer
from projects.models.login_ticket import LoginTicket
from projects.models.project import Project
from projects.models.user import User

__all__ = ["Activity", "IdempotentAnswer", "LoginTicket", "Project", "User"]
