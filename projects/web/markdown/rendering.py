"""Render untrusted Markdown to safe HTML: raw HTML is disabled and the output sanitized."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator
from urllib.parse import quote, unquote

import nh3
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

from projects.web.markdown.attachments import KnownFiles, shown
from projects.web.markdown.autolinks import autolink
from projects.web.markdown.details import details
from projects.web.markdown.file_references import link_files
from projects.web.markdown.highlighting import CLASSES, fence
from projects.web.markdown.item_keys import link_keys
from projects.web.markdown.task_boxes import mark_tasks, tick

TAGS = {
    *("p", "br", "hr", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "pre", "code", "em", "strong", "s", "kbd"),
    *("ul", "ol", "li", "a", "table", "thead", "tbody", "tr", "th", "td", "details", "summary", "span", "img"),
    *("label", "input", "div"),
}
ATTRIBUTES = {
    "a": {"href", "title"},
    "ol": {"start"},
    "code": {"class"},
    "th": {"align"},
    "td": {"align"},
    "details": {"open"},
    "div": {"class", "role", "tabindex", "aria-label"},
    "img": {"src", "alt", "title", "loading"},
    "input": {"type", "checked", "data-task"},
}
SPAN_CLASSES = {"missing", *(css for _, css in CLASSES)}
SCHEMES = {"http", "https", "mailto"}
REMOTE = ("http://", "https://")
PICTURES = "/pictures/"  # where the server shows the pictures of the repository
PICTURE = re.compile(r"\A(?:\./)?((?!/|.*(?:^|/)\.\.?/)[^?#:\\]{1,500}\.(?:png|jpe?g|gif|webp))", re.IGNORECASE)
BREAKS = ("softbreak", "hardbreak")
# A wide table scrolls by itself, also with the keyboard.
TABLE = '<div class="scroll" role="region" tabindex="0" aria-label="Table"><table>\n'
_KBD = re.compile(r"<kbd>([^<>\n]{1,50})</kbd>", re.IGNORECASE)


def to_html(
    text: str, projects: Container[str], *, can_tick: bool = False, files: KnownFiles | None = None
) -> SafeString:
    """Render Markdown to HTML; keys of `projects` become links, and tasks boxes if the reader `can_tick` them.

    `files` are the attachments that the caller's other texts name, too.
    """
    clean = nh3.clean(
        _markdown.render(text, {"can_tick": can_tick, "files": files or KnownFiles()}),
        tags=TAGS,
        attributes=ATTRIBUTES,
        allowed_classes={"span": SPAN_CLASSES},
        url_schemes=SCHEMES,
        link_rel="noopener noreferrer nofollow",
    )
    return mark_safe(link_files(link_keys(clean, projects)))  # noqa: S308 -- cleaned above; keys and paths need no escaping


def tick_task(text: str, line: int, *, is_done: bool) -> str | None:
    """Return the Markdown with the task at this line, counted from 0, ticked or not; None if there is no task."""
    env: dict[str, set[int]] = {}
    _markdown.parse(text, env)
    return tick(text, env["tasks"], line, is_done=is_done)


def _adapt(state: StateCore) -> None:
    """Replace what the Content-Security-Policy forbids: remote images by links, inline styles by attributes."""
    for token in state.tokens:
        if token.type == "inline" and token.children:
            token.children = list(_without_images(token.children, state.env.get("files") or KnownFiles()))
        elif token.type in ("th_open", "td_open") and "style" in token.attrs:
            token.attrs["align"] = str(token.attrs.pop("style")).removeprefix("text-align:")


def _without_images(tokens: list[Token], files: KnownFiles) -> Iterator[Token]:
    """Replace remote images by links with the alt text, or by the text inside links, and others by their text.

    An attachment stays an image, and so does a picture of the repository, named by its path from the top.
    """
    in_link = 0
    for token in tokens:
        in_link += token.nesting if token.type.startswith("link_") else 0
        if token.type != "image":
            yield token
            continue
        source = str(token.attrs["src"])
        if found := PICTURE.fullmatch(unquote(source)):
            token.attrs.update(src=f"{PICTURES}{quote(found[1])}", loading="lazy")
            yield token
            continue
        if attached := shown(token, source, _plain(token.children or ()), files, in_link=bool(in_link)):
            yield from attached
            continue
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


def _kbd(state: StateInline, silent: bool) -> bool:
    """Parse `<kbd>Esc</kbd>`: the one inline element that is written as HTML."""
    found = _KBD.match(state.src, state.pos, state.posMax)
    if not found:
        return False
    if not silent:
        state.push("kbd_open", "kbd", 1)
        state.push("text", "", 0).content = found[1]
        state.push("kbd_close", "kbd", -1)
    state.pos = found.end()
    return True


_markdown = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
_markdown.inline.ruler.after("text", "autolink_bare", autolink)
_markdown.inline.ruler.after("autolink_bare", "kbd", _kbd)
_markdown.block.ruler.before(
    "html_block", "details", details, {"alt": ["paragraph", "reference", "blockquote", "list"]}
)
_markdown.add_render_rule("fence", fence)
_markdown.add_render_rule("table_open", lambda *_: TABLE)
_markdown.add_render_rule("table_close", lambda *_: "</table></div>\n")
_markdown.core.ruler.push("tasks", mark_tasks)
_markdown.core.ruler.push("adapt", _adapt)
