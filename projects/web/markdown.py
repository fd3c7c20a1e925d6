"""Markdown of people and agents as HTML that can do nothing: rendered without raw HTML, then cleaned."""

from __future__ import annotations

import re
from collections.abc import Iterator

import nh3
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt

from projects.models.work_item_query import DISPLAY_KEY

TAGS = {
    *("p", "br", "hr", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "pre", "code", "em", "strong", "s"),
    *("ul", "ol", "li", "a", "table", "thead", "tbody", "tr", "th", "td"),
}
ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}, "code": {"class"}}
SCHEMES = {"http", "https", "mailto"}
_KEY = re.compile(rf"(?<![\w/-])({DISPLAY_KEY.pattern})(?![\w-])")
_TAG = re.compile(r"(<[^<>]*>)")  # in what was cleaned no attribute holds one of these signs
_TASK = re.compile(r"(<li>(?:\n<p>)?)\[([ xX])\] ")  # GitHub's task list
_markdown = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])


def to_html(text: str) -> SafeString:
    """Return the HTML of a Markdown text; display keys in it become links to their items."""
    clean = nh3.clean(
        _markdown.render(text),
        tags=TAGS,
        attributes=ATTRIBUTES,
        url_schemes=SCHEMES,
        link_rel="noopener noreferrer nofollow",
    )
    clean = _TASK.sub(lambda match: match[1] + ("☐ " if match[2] == " " else "☑ "), clean)
    return mark_safe("".join(_linked(clean)))  # noqa: S308 -- cleaned above; a key is letters, digits and marks of its own


def _linked(html: str) -> Iterator[str]:
    """Yield the parts of `html`, with links where a display key stands in text that is in no link or code block."""
    inside = 0
    for part in _TAG.split(html):
        if part.startswith(("<a ", "<a>", "<pre")):
            inside += 1
        elif part in ("</a>", "</pre>"):
            inside -= 1
        yield part if inside or part.startswith("<") else _KEY.sub(_link, part)


def _link(match: re.Match[str]) -> str:
    return f'<a href="/items/{match[1].upper()}/">{match[1]}</a>'
