from __future__ import annotations

import re
import time

import pytest

from projects.web.markdown import to_html

PROJECTS = {"PONE"}
HOSTILE = [
    "<script>x</script>",
    "<img src=x onerror=x>",
    "[a](javascript:x)",
    "[a](data:text/html,x)",
    "<svg onload=x>",
    '"><b onclick=x>',
    "![a](javascript:x)",
    "<a href='javascript:x'>a</a>",
    "[a]( jAvAsCrIpT:x)",
    "```\n<script>\n```",
    "![a](data:text/html;base64,PHNjcmlwdD4=)",
    "https://x.y/<script>x</script>",
    'https://x.y/"onmouseover="x',
    "https://x.y/&lt;script&gt;",
    "https://javascript:x@x.y/ javascript://x.y/%0Ax data:text/html,x mailto:a@b.c?<script>",
]


def linked(text: str) -> list[tuple[str, str]]:
    """Return address and text of each link in the HTML of `text`."""
    return re.findall(r'<a href="([^"]*)"[^>]*>([^<]*)</a>', to_html(text, PROJECTS))


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_markdown_does_nothing(text: str) -> None:
    html = to_html(text, PROJECTS).lower()
    for harm in ("<script", "<img", "<svg", "<b ", 'href="javascript', 'href="data', 'href=" java'):
        assert harm not in html, html
    assert not re.search(r"<[^<>]*\son\w+=", html), html


def test_markdown_is_rendered_and_keys_become_links() -> None:
    tasks = to_html("- [x] tiles\n- [ ] resume\n- [y] no task\n\n[x] nor this\n", PROJECTS)
    assert "<li>☑ tiles</li>" in tasks
    assert "<li>☐ resume</li>" in tasks
    assert "[y] no task" in tasks
    assert "<p>[x] nor this</p>" in tasks
    html = to_html(
        "# Title\n\nSee **pone-12**, `PONE-3` and [PONE-4](https://example.org/PONE-5).\n\n    PONE-6\n", PROJECTS
    )
    assert "<h1>Title</h1>" in html
    assert '<strong><a href="/items/PONE-12/">pone-12</a></strong>' in html
    assert html.count('href="/items/') == 2
    assert "/items/PONE-5/" not in html
    assert "/items/PONE-6/" not in html


def test_keys_link_only_for_known_projects() -> None:
    text = "UTF-8, SHA-256, GPT-4, ISO-8601, PONE-1, XPONE-1, PONE-1-2, a/PONE-1"
    assert linked(text) == [("/items/PONE-1/", "PONE-1")]


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("See https://example.com/pull/12?x=1 and", "https://example.com/pull/12?x=1"),
        ("(http://example.com/a).", "http://example.com/a"),
        ("https://en.wikipedia.org/wiki/A_(b), too", "https://en.wikipedia.org/wiki/A_(b)"),
        ("**https://example.com/__init__.py**", "https://example.com/__init__.py"),
        ("_https://example.com/a_", "https://example.com/a"),
        ("| a |\n|-|\n| https://example.com/a |", "https://example.com/a"),
        ("'https://example.com/a'!", "https://example.com/a"),
        ("at https://localhost:8000/PONE-1/", "https://localhost:8000/PONE-1/"),
        ("http://[::1]:8000/a", "http://[::1]:8000/a"),
        ("见https://example.com/a。好", "https://example.com/a"),
        ("https://example.com/a\\_b", "https://example.com/a_b"),
        ("https://example.com/a\\nNext", "https://example.com/a"),
        ("mailto:ada@example.com.", "mailto:ada@example.com"),
    ],
)
def test_bare_url_is_a_link(text: str, url: str) -> None:
    assert linked(text) == [(url, url)]


def test_bare_url_link_has_the_rel_of_other_links() -> None:
    link = '<a href="https://example.com/?a=1&amp;b=2" rel="noopener noreferrer nofollow">https://example.com/?a=1&amp;b=2</a>'
    assert to_html("https://example.com/?a=1&b=2", ()) == f"<p>{link}</p>\n"
    assert to_html("https://example.com/?a=1&amp;b=2", ()) == f"<p>{link}</p>\n"


def test_url_inside_a_link_is_not_linked_again() -> None:
    assert linked("[https://example.com/a](https://example.com/b)") == [
        ("https://example.com/b", "https://example.com/a")
    ]
    assert linked("[see https://example.com/(a](https://example.com/b)") == [
        ("https://example.com/b", "see https://example.com/(a")
    ]
    assert linked("<https://example.com/a>") == [("https://example.com/a", "https://example.com/a")]


@pytest.mark.parametrize(
    "text",
    [
        *(
            "`https://example.com`",
            "    https://example.com",
            "https:// example.com",
            "http://",
            "example.com",
            "file:///a",
        ),
        *("ftp://example.com", "git+https://example.com", "javascript://example.com", "mailto:ada", "http://["),
    ],
)
def test_other_text_is_not_linked(text: str) -> None:
    assert linked(text) == []


def test_bidirectional_characters_end_a_url() -> None:
    assert linked("https://example.com/\u202etxt.exe") == [("https://example.com/", "https://example.com/")]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("![the broken dialog](https://example.com/a.png)", [("https://example.com/a.png", "the broken dialog")]),
        ("![*all* `of` it](http://example.com/a.png)", [("http://example.com/a.png", "all of it")]),
        ("![](https://example.com/a.png)", [("https://example.com/a.png", "https://example.com/a.png")]),
        ("[![a badge](https://example.com/a.svg)](https://example.com/ci)", [("https://example.com/ci", "a badge")]),
    ],
)
def test_image_is_a_link_with_its_alt_text(text: str, shown: list[tuple[str, str]]) -> None:
    assert linked(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("![diagram](docs/flow.png)", "diagram"),
        ("![](docs/flow.png)", "docs/flow.png"),
        ("![pixel](data:image/png;base64,AAAA)", "pixel"),
        ("![](data:image/png;base64,AAAA)", "image"),
        ("![a\nb](/a.png)", "a b"),
    ],
)
def test_image_without_web_url_is_its_text(text: str, shown: str) -> None:
    assert to_html(text, ()) == f"<p>{shown}</p>\n"


def test_columns_of_a_table_keep_their_alignment() -> None:
    html = to_html("| a | b | c |\n|:-:|--:|---|\n| 1 | 2 | 3 |\n", ())
    assert '<th align="center">a</th>\n<th align="right">b</th>\n<th>c</th>' in html
    assert '<td align="center">1</td>\n<td align="right">2</td>\n<td>3</td>' in html
    assert "style" not in html


UNITS = [
    *(
        "http://",
        "http:",
        "https://a.b ",
        "https://a(",
        "https://a.b[",
        "[https://a.b ",
        "[https://a.b](",
        "https://a.b](",
        "https://a.b)",
    ),
    *(
        "mailto:",
        "mailto:a@",
        "https://a.b.",
        "**https://a.b ",
        "![a](https://a.b ",
        "![a](https://a.b)",
        "UTF-8 ",
        "https://a\\",
    ),
]


@pytest.mark.slow
@pytest.mark.parametrize("unit", UNITS)
def test_rendering_time_is_linear(unit: str) -> None:
    def cost(length: int) -> float:
        text, costs = unit * (length // len(unit)), []
        for _ in range(3):
            begin = time.process_time()
            to_html(text, PROJECTS)
            costs.append(time.process_time() - begin)
        return min(costs)

    assert cost(40_000) < 8 * cost(10_000) + 0.05
