from __future__ import annotations

from django.contrib import admin

from projects.admin.filters import ItemProjectFilter, LifeFilter
from projects.admin.item_part import ItemPartAdmin
from projects.models import Comment

SHOWN = 80  # characters


@admin.register(Comment)
class CommentAdmin(ItemPartAdmin):
    list_display = ("excerpt", "item", "created_by", "created_at", "updated_at")
    list_filter = (ItemProjectFilter, "created_at", LifeFilter)
    date_hierarchy = "created_at"
    search_fields = ("content", "work_item__title", "created_by__username")
    ordering = ("-created_at", "-id")
    typed = ("work_item", "content")

    @admin.display(description="comment")
    def excerpt(self, obj: Comment) -> str:
        text = str(obj.content)
        return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
