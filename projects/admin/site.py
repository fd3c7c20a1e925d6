"""The admin's own name."""

from __future__ import annotations

from django.contrib import admin

admin.site.site_header = "pm"
admin.site.site_title = "pm"
admin.site.index_title = "Board"
