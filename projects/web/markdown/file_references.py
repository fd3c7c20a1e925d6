"""Turn references to lines of files, such as `src/app.py:42`, into buttons that copy them."""

from __future__ import annotations

import re
from collections.abc import Iterator

SUFFIXES = (
    *(
        "astro",
        "bash",
        "c",
        "cc",
        "cfg",
        "clj",
        "conf",
        "cpp",
        "cs",
        "css",
        "csv",
        "dart",
        "ex",
        "exs",
        "go",
        "graphql",
    ),
    *("h", "hpp", "hs", "html", "ini", "java", "js", "json", "jsonl", "jsx", "kt", "less", "lock", "log", "lua", "m"),
    *("md", "mjs", "ml", "php", "pl", "proto", "py", "pyi", "r", "rb", "rs", "rst", "scala", "scss", "sh", "sql"),
    *("svelte", "swift", "tf", "toml", "ts", "tsx", "txt", "vue", "xml", "yaml", "yml", "zig"),
)
# A path has few parts and bounded names, so that a search takes linear time.
_REFERENCE = re.compile(
    r"(?<![\w/.:@~-])(?:~|\.{1,2})?/?(?:[\w.@+-]{1,100}/){0,20}[\w.@+-]{1,100}"
    rf"\.(?:{'|'.join(SUFFIXES)}):\d{{1,7}}(?:[:-]\d{{1,7}})?(?![\w:/-])"
)
_TAG = re.compile(r"(<[^<>]*>)")  # cleaned HTML has no angle brackets inside attributes


def link_files(html: str) -> str:
    """Make each reference in cleaned `html` a button with `data-copy`, except in links and code blocks."""
    return "".join(_linked(html)) if ":" in html else html


def _linked(html: str) -> Iterator[str]:
    inside = 0
    for part in _TAG.split(html):
        if part.startswith(("<a ", "<a>", "<pre", "<summary", "<label")):
            inside += 1
        elif part in ("</a>", "</pre>", "</summary>", "</label>"):
            inside -= 1
        yield part if inside or part.startswith("<") else _REFERENCE.sub(_button, part)


def _button(match: re.Match[str]) -> str:
    text = match[0]
    return f'<button type="button" class="reference" data-copy="{text}" title="Copy {text}">{text}</button>'
