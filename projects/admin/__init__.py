from projects.admin import activity, project, site, user

__all__ = ["activity", "project", "site", "user"]
