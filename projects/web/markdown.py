"""Render untrusted Markdown to safe HTML: raw HTML is disabled and the output sanitized."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator

import nh3
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

from projects.web.autolinks import autolink
from projects.web.item_keys import link_keys

TAGS = {
    *("p", "br", "hr", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "pre", "code", "em", "strong", "s"),
    *("ul", "ol", "li", "a", "table", "thead", "tbody", "tr", "th", "td"),
}
ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}, "code": {"class"}, "th": {"align"}, "td": {"align"}}
SCHEMES = {"http", "https", "mailto"}
REMOTE = ("http://", "https://")
BREAKS = ("softbreak", "hardbreak")
_TASK = re.compile(r"(<li>(?:\n<p>)?)\[([ xX])\] ")  # GitHub's task list


def to_html(text: str, projects: Container[str]) -> SafeString:
    """Render Markdown to HTML; display keys of `projects` become links."""
    clean = nh3.clean(
        _markdown.render(text),
        tags=TAGS,
        attributes=ATTRIBUTES,
        url_schemes=SCHEMES,
        link_rel="noopener noreferrer nofollow",
    )
    clean = _TASK.sub(lambda match: match[1] + ("☐ " if match[2] == " " else "☑ "), clean)
    return mark_safe(link_keys(clean, projects))  # noqa: S308 -- cleaned above; a key is letters, digits and marks of its own


def _adapt(state: StateCore) -> None:
    """Replace what the Content-Security-Policy forbids: remote images by links, inline styles by attributes."""
    for token in state.tokens:
        if token.type == "inline" and token.children:
            token.children = list(_without_images(token.children))
        elif token.type in ("th_open", "td_open") and "style" in token.attrs:
            token.attrs["align"] = str(token.attrs.pop("style")).removeprefix("text-align:")


def _without_images(tokens: list[Token]) -> Iterator[Token]:
    """Replace each image by a link with its alt text, or by the text alone inside links and for local files."""
    in_link = 0
    for token in tokens:
        in_link += token.nesting if token.type.startswith("link_") else 0
        if token.type != "image":
            yield token
            continue
        source = str(token.attrs["src"])
        text = _plain(token.children or ()) or ("image" if source.lower().startswith("data:") else source)
        parts = [Token("text", "", 0, content=text)]
        if not in_link and source.lower().startswith(REMOTE):
            title = {"title": token.attrs["title"]} if "title" in token.attrs else {}
            link = Token("link_open", "a", 1, attrs={"href": source, **title})
            parts = [link, *parts, Token("link_close", "a", -1)]
        yield from parts


def _plain(tokens: Iterable[Token]) -> str:
    """Return the plain text of inline tokens."""
    texts = []
    for token in tokens:
        texts.append(_plain(token.children or ()) if token.type == "image" else token.content)
        texts.append(" " if token.type in BREAKS else "")
    return "".join(texts)


_markdown = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
_markdown.inline.ruler.after("text", "autolink_bare", autolink)
_markdown.core.ruler.push("adapt", _adapt)
