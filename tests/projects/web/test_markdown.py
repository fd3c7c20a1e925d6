from __future__ import annotations

import re
import time

import pytest

from projects.web.markdown.rendering import tick_task, to_html
from tests.processes import scaled

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
        ("![diagram](/docs/flow.png)", "diagram"),
        ("![diagram](docs/flow.svg)", "diagram"),
        ("![diagram](docs/../../flow.png)", "diagram"),
        ("![diagram](..%2Fflow.png)", "diagram"),
        ("![diagram](ftp:flow.png)", "diagram"),
        ("![](docs/flow.txt)", "docs/flow.txt"),
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

    assert cost(20_000) < 8 * cost(5_000) + 0.05


@pytest.mark.parametrize(
    ("source", "url"),
    [
        ("docs/flow.png", "/pictures/docs/flow.png"),
        ("./a%20b.JPG", "/pictures/a%20b.JPG"),
        ("a/..b/c.webp", "/pictures/a/..b/c.webp"),
    ],
)
def test_picture_of_the_repository_is_an_image(source: str, url: str) -> None:
    assert to_html(f"![x]({source})", ()) == f'<p><img src="{url}" alt="x" loading="lazy"></p>\n'


def test_code_is_coloured_in_languages_that_are_safe_to_parse() -> None:
    html = to_html('```py\nif a < "b":  # c\n```', ())
    assert '<span class="keyword">if</span> a &lt; ' in html
    assert '<span class="comment"># c</span>' in html
    assert "<span" not in to_html("```ini\na = 1\n```\n\n```\nif a:\n```", ())
    assert '<code class="language-nope">&lt;b&gt;' in to_html("```nope x\n<b>\n```", ())


def test_hostile_code_takes_bounded_time() -> None:
    block = "```python\n" + "(" * 19_000 + "\n```\n\n"
    start = time.perf_counter()
    html = to_html(block * 20, ())
    assert time.perf_counter() - start < scaled(3)
    assert html.count("<pre>") == 20
    assert html.count("(") == 20 * 19_000


@pytest.mark.parametrize(
    ("text", "html"),
    [
        (
            "<details>\n<summary>The *log*</summary>\n\n- one <b>\n\n</details>\n\nafter",
            "<details>\n<summary>The <em>log</em></summary>\n<ul>\n<li>one &lt;b&gt;</li>\n</ul>\n</details>\n"
            "<p>after</p>\n",
        ),
        (
            "before\n<details open><summary>x</summary>\ny\n</details>",
            '<p>before</p>\n<details open="">\n<summary>x</summary>\n<p>y</p>\n</details>\n',
        ),
        (
            "- l\n  <details>\n  in\n  </details>\n",
            "<ul>\n<li>l\n<details>\n<summary>Details</summary>\n<p>in</p>\n</details>\n</li>\n</ul>\n",
        ),
        (
            "<details>\n```\n</details>\n```\n</details>",
            "<details>\n<summary>Details</summary>\n<pre><code>&lt;/details&gt;\n</code></pre>\n</details>\n",
        ),
        ("<details>\nnot closed", "<p>&lt;details&gt;\nnot closed</p>\n"),
        (
            "- <details>\n\n</details>",
            "<ul>\n<li>&lt;details&gt;</li>\n</ul>\n<p>&lt;/details&gt;</p>\n",
        ),
        ("<kbd>Esc</kbd> <kbd onclick=x>a</kbd>", "<p><kbd>Esc</kbd> &lt;kbd onclick=x&gt;a&lt;/kbd&gt;</p>\n"),
    ],
)
def test_details_and_keys_are_the_only_html(text: str, html: str) -> None:
    assert to_html(text, ()) == html


def test_references_to_lines_of_files_can_be_copied() -> None:
    text = "see `src/app.py:42`, ./x/y.ts:3-9 and a.py:1:2; localhost:8000 example.com:80 https://x.org/a.py:4 a.py:x"
    assert re.findall(r'data-copy="([^"]*)"', to_html(text, ())) == ["src/app.py:42", "./x/y.ts:3-9", "a.py:1:2"]
    assert "data-copy" not in to_html("    a.py:1\n\n[a.py:1](https://x.org)", ())


TASKS = "# a\n\n- [ ] one\n- [x] **two**\r\n\r\n  1. [ ] three\n\n> - [X] four [ ]\n\n[ ] none\n"


def test_tasks_are_boxes_for_who_can_tick_them() -> None:
    html = to_html(TASKS, (), can_tick=True)
    assert re.findall(r"<input[^>]*>", html) == [
        '<input type="checkbox" data-task="2">',
        '<input type="checkbox" data-task="3" checked="">',
        '<input type="checkbox" data-task="5">',
        '<input type="checkbox" data-task="7" checked="">',
    ]
    assert '<label><input type="checkbox" data-task="3" checked=""> <strong>two</strong></label>' in html
    assert "<input" not in to_html(TASKS, ())


@pytest.mark.parametrize(
    ("line", "before", "after"),
    [(2, "- [ ] one", "- [x] one"), (5, "1. [ ] three", "1. [x] three"), (7, "- [X] four [ ]", "- [x] four [ ]")],
)
def test_tick_changes_one_mark(line: int, before: str, after: str) -> None:
    assert tick_task(TASKS, line, is_done=True) == TASKS.replace(before, after)


@pytest.mark.parametrize("line", [0, 1, 9, 99, -2])
def test_only_tasks_can_be_ticked(line: int) -> None:
    assert tick_task(TASKS, line, is_done=True) is None
