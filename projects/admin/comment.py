from __future__ import annotations

from django.contrib import admin

from projects.admin.base import LifeFilter
from projects.admin.item_part import ItemPartAdmin
from projects.models import Comment

SHOWN = 80  # characters


@admin.register(Comment)
class CommentAdmin(ItemPartAdmin):
    list_display = ("excerpt", "item", "created_by", "created_at", "updated_at")
    list_filter = (("work_item__project", admin.RelatedOnlyFieldListFilter), "created_at", LifeFilter)
    search_fields = ("content", "work_item__title", "created_by__username")
    ordering = ("-created_at", "-id")
    typed = ("work_item", "content")

    @admin.display(description="comment")
    def excerpt(self, obj: Comment) -> str:
        text = str(obj.content)
        return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
