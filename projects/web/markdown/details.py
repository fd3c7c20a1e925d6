"""Fold text as GitHub does: `<details>`, with a `<summary>`, as a block rule for markdown-it.

Other HTML stays text. The tags stand on lines of their own, but a summary may follow `<details>` on its line. A block
that is not closed is text too.
"""

from __future__ import annotations

import re

from markdown_it.rules_block import StateBlock

_OPEN = re.compile(r"<details( open)?>\s*(?:<summary>(?P<summary>.*?)</summary>)?\s*", re.IGNORECASE)
_SUMMARY = re.compile(r"<summary>(?P<summary>.*?)</summary>\s*", re.IGNORECASE)
_CLOSE = re.compile(r"</details>\s*", re.IGNORECASE)
_FENCE = re.compile(r"(`{3,})[^`]*|(~{3,}).*")


def details(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Parse the block whose first line is `start`; the parser calls this at each line that can start one."""
    if state.is_code_block(start) or not (opened := _OPEN.fullmatch(_line(state, start))):
        return False
    if not (closing := _closing_line(state, start, end)):
        return False
    if silent:
        return True
    first, title = start + 1, opened["summary"]
    if title is None and first < closing and (found := _SUMMARY.fullmatch(_line(state, first))):
        first, title = first + 1, found["summary"]
    state.push("details_open", "details", 1).attrs = {"open": ""} if opened[1] else {}
    state.push("summary_open", "summary", 1)
    inline = state.push("inline", "", 0)
    inline.content, inline.map, inline.children = title or "Details", [start, first], []
    state.push("summary_close", "summary", -1)
    parent, last = state.parentType, state.lineMax
    state.parentType, state.lineMax = "details", closing
    state.md.block.tokenize(state, first, closing)
    state.parentType, state.lineMax = parent, last
    state.push("details_close", "details", -1)
    state.line = closing + 1
    return True


def _line(state: StateBlock, number: int) -> str:
    return state.src[state.bMarks[number] + state.tShift[number] : state.eMarks[number]]


def _closing_line(state: StateBlock, start: int, end: int) -> int:
    """Return the number of the line that closes the block, 0 if there is none in its container."""
    known: dict[int, int] = state.env.setdefault("details", {})
    if start not in known:
        _pair(state, start, end, known)
    closing = known[start]
    return closing if closing < end else 0


def _pair(state: StateBlock, start: int, end: int, known: dict[int, int]) -> None:
    """Find the closing line of each block from here on, so that nested and unclosed ones take linear time."""
    opened: list[int] = []
    fence = ""
    for number in range(start, end):
        if number > start and state.sCount[number] < state.blkIndent and not state.isEmpty(number):
            break
        line = _line(state, number)
        if found := _FENCE.fullmatch(line):
            mark = found[1] or found[2]
            if not fence:
                fence = mark
            elif mark.startswith(fence) and line.strip() == mark:
                fence = ""
        elif fence:
            continue
        elif _OPEN.fullmatch(line):
            opened.append(number)
            known[number] = 0
        elif opened and _CLOSE.fullmatch(line):
            known[opened.pop()] = number
