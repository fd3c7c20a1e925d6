"""Attachments: the form has no place for a file, so only the item's page adds one."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest

from projects.admin.base import EntityAdmin
from projects.admin.registration import derived_admin
from projects.entities.attachment import ATTACHMENT
from projects.models import Attachment


def _refuse(model_admin: EntityAdmin, request: HttpRequest) -> bool:
    return False


admin.site.register(Attachment, type("AttachmentAdmin", (derived_admin(ATTACHMENT),), {"has_add_permission": _refuse}))
