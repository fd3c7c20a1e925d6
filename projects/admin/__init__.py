from projects.admin import (
    activity,
    comment,
    dependency,
    project,
    site,
    sprint,
    swim_lane,
    time_entry,
    user,
    work_item,
)

__all__ = [
    "activity",
    "comment",
    "dependency",
    "project",
    "site",
    "sprint",
    "swim_lane",
    "time_entry",
    "user",
    "work_item",
]
