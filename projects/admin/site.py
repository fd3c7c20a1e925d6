"""Title and layout of the admin: navigation links at the top of each page, no sidebar."""

from __future__ import annotations

from django.contrib import admin

admin.site.site_header = "pm"
admin.site.site_title = "pm"
admin.site.index_title = "Board"
admin.site.enable_nav_sidebar = False
