"""The addresses of all pages for people, from the URL configuration: a new page cannot be forgotten.

`tests/projects/web/test_every_page.py` proves that what is listed here as something else is no page.
"""

from __future__ import annotations

from django.urls import NoReverseMatch, URLPattern, reverse

# What answers GET with something else than a page, or not at all.
NOT_PAGES = {
    *("inbox-notifications", "live", "palette", "style", "health", "ready", "new-item-dialog", "item-panel"),
    *("home", "signed-out"),  # they lead to another page who is signed in; `/?overview` is a page
    *("bulk", "look", "preview", "project-key", "project-example", "project-delete"),
    *("board-move", "board-add", "board-columns", "board-columns-order"),
    *("view-add-all", "view-add", "sprints-move", "sprints-create"),
    *("item-criterion", "item-tick", "item-delete", "item-restore", "item-review", "item-release", "item-comment"),
    *("item-attach", "item-child", "item-offer", "item-link", "item-timer", "item-time"),
    *("sync-enable", "sync-run", "sync-change", "sync-disable", "restore"),
    *("settings-policies", "settings-check-add", "settings-kinds"),
    *("board-choose", "sprints-choose", "insights-choose", "settings-labels-all", "settings-deleted-all"),
}
# What needs more than a project and an item. `restore-look` and `login-link` are the pages among them.
OF_A_ROW = {
    *("inbox-act", "agents-note", "agents-item-note", "agents-hand-over", "agents-end", "agents-give-back"),
    *("project-restore", "settings-active", "board-column", "bulk-undo", "view-change", "criterion", "comment-tick"),
    *("comment", "attachment-remove", "question", "dependency", "time-entry", "undo", "new-item-undo"),
    *("sprint-change", "item-commit", "item-field", "attachment", "restore-look", "settings-check", "settings-kind"),
    *("login-link", "picture"),
}


def patterns() -> list[URLPattern]:
    """Return the patterns of the pages' URL configuration that have a name."""
    from projects.web.urls import urlpatterns  # needs the settings

    return [pattern for pattern in urlpatterns if pattern.name]


def address(pattern: URLPattern, key: str, identifier: str) -> str | None:
    """Return the address for a project and an item, or None if the pattern needs something else."""
    known = {"key": key, "identifier": identifier}
    arguments = {name: known.get(name, "") for name in pattern.pattern.converters}
    try:
        return reverse(str(pattern.name), kwargs=arguments)
    except NoReverseMatch:
        return None


def addresses(key: str, identifier: str) -> list[str]:
    """Return the addresses of all pages of a project and an item, and of those of the whole board."""
    named = [pattern for pattern in patterns() if pattern.name not in NOT_PAGES | OF_A_ROW]
    found = [address(pattern, key, identifier) for pattern in named]
    assert None not in found, [pattern.name for pattern, path in zip(named, found, strict=True) if path is None]
    return [path for path in found if path]
