from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest

from projects.admin.registration import derived_admin
from projects.entities.attachment import ATTACHMENT
from projects.models import Attachment


@admin.register(Attachment)
class AttachmentAdmin(derived_admin(ATTACHMENT)):  # type: ignore[misc]  # a class made at run time
    def has_add_permission(self, request: HttpRequest) -> bool:
        return False  # the form has no place for the file: the item's page does
