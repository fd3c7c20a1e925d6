"""Colour code blocks with Pygments: safe HTML with few classes, within a limit of size and time.

The text is untrusted, and regular expressions of lexers can take long on hostile input, so only common languages that
a block names are coloured, and what is not done in time stays plain. The lexers of INI files and consoles are left out:
a hostile block of 20,000 characters takes them 10 to 20 s in one match.
"""

from __future__ import annotations

import time
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markdown_it.token import Token
    from markdown_it.utils import EnvType
    from pygments.lexer import Lexer
    from pygments.token import _TokenType

MAX_CODE = 20_000  # characters of a block
LIMIT = 0.1  # seconds of processor time for all blocks of a text
LANGUAGES = {
    *("bash", "c", "cpp", "csharp", "css", "diff", "docker", "go", "html", "java", "javascript"),
    *("json", "kotlin", "lua", "make", "markdown", "php", "pycon", "pytb", "python", "ruby", "rust", "scss", "sql"),
    *("swift", "toml", "typescript", "xml", "yaml"),
}
ALIASES = {
    **{"c++": "cpp", "c#": "csharp", "cs": "csharp", "dockerfile": "docker", "golang": "go", "js": "javascript"},
    **{"jsx": "javascript", "makefile": "make", "md": "markdown", "patch": "diff", "py": "python", "rb": "ruby"},
    **{"rs": "rust", "sh": "bash", "shell": "bash", "zsh": "bash", "ts": "typescript", "tsx": "typescript"},
    "yml": "yaml",
}
# The class of a token is that of the first entry that contains its type.
CLASSES = (
    ("Comment", "comment"),
    ("Keyword", "keyword"),
    ("Operator.Word", "keyword"),
    ("Literal.String", "string"),
    ("Literal.Number", "number"),
    ("Literal", "string"),
    ("Name.Tag", "keyword"),
    ("Name.Attribute", "number"),
    ("Name.Decorator", "number"),
    ("Name.Function", "name"),
    ("Name.Class", "name"),
    ("Name.Exception", "name"),
    ("Generic.Inserted", "added"),
    ("Generic.Deleted", "removed"),
    ("Generic.Heading", "keyword"),
    ("Generic.Subheading", "keyword"),
    ("Generic.Prompt", "comment"),
    ("Generic.Error", "removed"),
)


def fence(_renderer: object, tokens: Sequence[Token], number: int, _options: object, env: EnvType) -> str:
    """Render a fenced code block; markdown-it calls this for each of a text, with the same `env`."""
    token = tokens[number]
    language = token.info.split(maxsplit=1)[0] if token.info.strip() else ""
    css = f' class="language-{escape(language)}"' if language else ""
    lexer = _lexer(language) if len(token.content) <= MAX_CODE else None
    started = time.thread_time()
    left = env.setdefault("colour_seconds", LIMIT)
    code = highlight(token.content, lexer, left) if lexer else escape(token.content)
    env["colour_seconds"] = left - (time.thread_time() - started)
    return f"<pre><code{css}>{code}</code></pre>\n"


def highlight(code: str, lexer: Lexer, limit: float) -> str:
    """Return the HTML of the code, coloured if that takes less processor time than the limit, in seconds."""
    parts, deadline = [], time.thread_time() + limit
    for kind, text in lexer.get_tokens(code):
        css = _class_of(kind)
        parts.append(f'<span class="{css}">{escape(text)}</span>' if css else escape(text))
        if time.thread_time() > deadline:
            return escape(code)
    return "".join(parts)


def _lexer(language: str) -> Lexer | None:
    name = ALIASES.get(language.lower(), language.lower())
    if name not in LANGUAGES:
        return None
    from pygments.lexers import get_lexer_by_name

    return get_lexer_by_name(name, stripnl=False, ensurenl=False)


_classes: dict[_TokenType, str] = {}


def _class_of(kind: _TokenType) -> str:
    if kind not in _classes:
        from pygments.token import is_token_subtype, string_to_tokentype

        found = (css for name, css in CLASSES if is_token_subtype(kind, string_to_tokentype(name)))
        _classes[kind] = next(found, "")
    return _classes[kind]
