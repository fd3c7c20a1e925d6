"""Turn display keys of living projects in texts into links to their items."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator
from functools import cached_property

from projects.models import Project
from projects.models.work_items.queries import DISPLAY_KEY

_KEY = re.compile(rf"(?<![\w/-]){DISPLAY_KEY.pattern}(?![\w-])")
_TAG = re.compile(r"(<[^<>]*>)")  # cleaned HTML has no angle brackets inside attributes


class LivingProjects:
    """The keys of the projects whose items can be linked, loaded lazily with one query.

    Needed because UTF-8, SHA-256 and keys of deleted projects also look like display keys.
    """

    def __contains__(self, key: object) -> bool:
        return key in self._keys

    @cached_property
    def _keys(self) -> frozenset[str]:
        return frozenset(Project.objects.living().values_list("key", flat=True))


def link_keys(html: str, projects: Container[str]) -> str:
    """Link the display keys of `projects` in cleaned `html`, except inside links and code blocks."""
    return "".join(_linked(html, projects))


def _linked(html: str, projects: Container[str]) -> Iterator[str]:
    def link(match: re.Match[str]) -> str:
        if match[1].upper() not in projects:
            return match[0]
        return f'<a href="/items/{match[0].upper()}/">{match[0]}</a>'

    inside = 0
    for part in _TAG.split(html):
        if part.startswith(("<a ", "<a>", "<pre")):
            inside += 1
        elif part in ("</a>", "</pre>"):
            inside -= 1
        yield part if inside or part.startswith("<") else _KEY.sub(link, part)
