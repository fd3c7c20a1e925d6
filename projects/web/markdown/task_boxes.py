"""Task list items of Markdown: `- [ ] text`, found by their line, shown as boxes, and ticked in the source."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator

from markdown_it.rules_core import StateCore
from markdown_it.token import Token

_MARK = re.compile(r"\[[ xX]\] ")
_SOURCE = re.compile(r"\A(.*?(?:[-*+]|\d{1,9}[.)])\s+)\[[ xX]\]( .*)", re.DOTALL)
_LINE_ENDS = re.compile(r"(?<=\n)|(?<=\r)(?!\n)")  # those that the parser knows


def mark_tasks(state: StateCore) -> None:
    """Replace the mark of each task: by a box where `env["can_tick"]` is true, else by the character of a box.

    Their lines, counted from 0, are added to `env["tasks"]`.
    """
    lines = state.env.setdefault("tasks", set())
    for line, children in _tasks(state.tokens):
        lines.add(line)
        is_done = children[0].content[1] != " "
        children[0].content = children[0].content[4:]
        if state.env.get("can_tick"):
            box = f'<label><input type="checkbox" data-task="{line}"{" checked" if is_done else ""}> '
            children[:] = [_html(box), *children, _html("</label>")]
        else:
            children[0].content = f"{'☑' if is_done else '☐'} {children[0].content}"


def tick(text: str, tasks: Container[int], line: int, *, is_done: bool) -> str | None:
    """Return the text with the task at this line ticked or not, None if none of its `tasks` is there."""
    lines = _LINE_ENDS.split(text)
    found = _SOURCE.fullmatch(lines[line]) if line in tasks else None
    if not found:
        return None
    lines[line] = f"{found[1]}[{'x' if is_done else ' '}]{found[2]}"
    return "".join(lines)


def _tasks(tokens: list[Token]) -> Iterator[tuple[int, list[Token]]]:
    """Yield the line and the inline tokens of each task."""
    for item, paragraph, text in zip(tokens, tokens[1:], tokens[2:], strict=False):
        if item.type == "list_item_open" and paragraph.type == "paragraph_open" and text.map and text.children:
            first = text.children[0]
            if first.type == "text" and _MARK.match(first.content):
                yield text.map[0], text.children


def _html(content: str) -> Token:
    return Token("html_inline", "", 0, content=content)
