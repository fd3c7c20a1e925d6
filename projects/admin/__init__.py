"""The admin: registers the models, and sets the titles and layout: links at the top of each page, no sidebar."""

from django.contrib import admin

from projects.admin import activity, attachment, project, sprint, swim_lane, user, work_item, work_item_children
from projects.admin.registration import register_remaining

__all__ = ["activity", "attachment", "project", "sprint", "swim_lane", "user", "work_item", "work_item_children"]

register_remaining(admin.site)
admin.site.site_header = "pm"
admin.site.site_title = "pm"
admin.site.index_title = "Board"
admin.site.enable_nav_sidebar = False
