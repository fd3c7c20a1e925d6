"""The admin's own name, and its shape: its few kinds stand above each page, and the lists have the whole width."""

from __future__ import annotations

from django.contrib import admin

admin.site.site_header = "pm"
admin.site.site_title = "pm"
admin.site.index_title = "Board"
admin.site.enable_nav_sidebar = False
