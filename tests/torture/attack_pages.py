"""Scenario 14: pages of other origins, in a Chromium whose user is signed in, change and read nothing."""

from __future__ import annotations

import re

from playwright.sync_api import BrowserContext

from tests.torture.board import Board, besieged
from tests.torture.browsers import EVIL, ForeignSite, chromium, person_of
from tests.torture.reporter import Result

BODY = '{"key": "EVIL", "title": "By a page"}'
# What a foreign page tries, as JavaScript. U is the server's URL; the return value is what the page learned.
POST = "{method: 'POST', credentials: 'include', mode: 'no-cors', body: BODY}"
TRIES = {
    "fetch GET": "fetch(U + '/api/v1/export/', {credentials: 'include'}).then(a => a.text())",
    "opaque GET": "fetch(U + '/', {credentials: 'include', mode: 'no-cors'}).then(a => a.text())",
    "simple POST": f"fetch(U + '/api/v1/projects/', {POST}).then(a => a.text())",
    "stop": f"fetch(U + '/api/v1/server/stop/', {POST}).then(a => a.text())",
    "login link": f"fetch(U + '/api/v1/login-links/', {POST}).then(a => a.text())",
    "POST of JSON": """fetch(U + '/api/v1/projects/', {
        method: 'POST', credentials: 'include', headers: {'Content-Type': 'application/json'}, body: BODY,
    }).then(a => a.text())""",
    "DELETE": "fetch(U + '/api/v1/projects/PONE/', {method: 'DELETE', credentials: 'include'}).then(a => a.text())",
    "beacon": "Promise.resolve(navigator.sendBeacon(U + '/api/v1/projects/', BODY)).then(() => '')",
    "keepalive": """fetch(U + '/board/PONE/add/', {
        method: 'POST', keepalive: true, mode: 'no-cors', credentials: 'include',
        body: new URLSearchParams({id: '0d9fb1ad-2c3b-4b0e-9f1a-3f7d2f1f7a11', title: 'By a page', status: 'todo'}),
    }).then(() => '')""",
    "image": "load('img', {src: U + '/api/v1/export/'})",
    "script": "load('script', {src: U + '/api/v1/projects/'})",
    "style": "load('link', {rel: 'stylesheet', href: U + '/board/PONE/'})",
    "prefetch": "load('link', {rel: 'prefetch', href: U + '/admin/logout/'})",
    "frame": "load('iframe', {src: U + '/board/PONE/'}).then(f => f.contentDocument.body.innerText)",
    "object": "load('object', {data: U + '/board/PONE/'}).then(f => f.contentDocument.body.innerText)",
    "window": """new Promise(r => setTimeout(r, 400, open(U + '/board/PONE/'))).then(w => w.document.body.innerText)""",
    "worker": "new Promise(r => {new Worker(U + '/static/pm/pm.js').onerror = () => r('')})",
    "events": """new Promise(r => {
        const e = new EventSource(U + '/live/', {withCredentials: true});
        e.onmessage = m => r(m.data);
        e.onerror = () => {e.close(); r('')};
    })""",
    "socket": """new Promise(r => {
        const w = new WebSocket(U.replace('http', 'ws') + '/live/');
        w.onopen = () => r('open First');
        w.onerror = () => r('');
    })""",
}
SCRIPT = """async ([U, BODY]) => {
    const load = (name, values) => new Promise((well, badly) => {
        const element = Object.assign(document.createElement(name), values);
        element.onload = () => well(element);
        element.onerror = badly;
        document.body.append(element);
    });
    const late = new Promise(r => setTimeout(() => r(''), 1500));
    try { return String(await Promise.race([%s, late])) } catch (e) { return '' }
}"""
FORM = """([action, kind, fields]) => {
    const form = document.createElement('form');
    Object.assign(form, {method: 'POST', action, enctype: kind});
    for (const [name, value] of Object.entries(fields)) {
        const input = document.createElement('input');
        Object.assign(input, {name, value});
        form.append(input);
    }
    document.body.append(form);
    form.submit();
}"""
FORMS = [
    ("/api/v1/projects/", "text/plain", {BODY[:-1] + ', "description": "': '"}'}),
    ("/api/v1/server/stop/", "application/x-www-form-urlencoded", {}),
    ("/admin/projects/project/add/", "application/x-www-form-urlencoded", {"key": "EVIL", "title": "By a page"}),
    ("/admin/projects/project/add/", "multipart/form-data", {"key": "EVIL", "title": "By a page", "status": "active"}),
    ("/board/PONE/add/", "application/x-www-form-urlencoded", {"title": "By a page", "status": "todo"}),
    ("/items/new/", "application/x-www-form-urlencoded", {"project": "PONE", "title": "By a page"}),
    ("/items/PONE-1/comment/", "multipart/form-data", {"content": "By a page"}),
    ("/items/PONE-1/attachments/", "multipart/form-data", {"file": "By a page"}),
    ("/api/v1/attachments/?work_item=PONE-1&name=a", "text/plain", {"By a page": ""}),
    ("/admin/logout/", "application/x-www-form-urlencoded", {}),
]


def foreign_pages(count: int) -> Result:
    """Try up to `count` attacks of a foreign page, from another port, another name and another site."""
    result = Result("pages of other origins in Chromium", "an attempt")
    with besieged(result) as board, ForeignSite() as site, chromium() as browser:
        context, page = person_of(browser, board)
        origins = [f"http://{host}:{site.port}" for host in ("127.0.0.1", "localhost", EVIL)]
        tries = [(origin, name) for name in TRIES for origin in origins][:: max(1, len(TRIES) * 3 // count)]
        with result.attempt("the server's own page can read"):  # proves that the attacks could read something
            assert "First" in _try(context, board.server.url, "fetch GET", board.server.url)
        for origin, name in tries:
            with result.attempt(f"{name} from {origin}"), result.clock():
                learned = _try(context, origin, name, board.server.url)
                assert "First" not in learned, f"it read {learned[:200]}"
        for path, kind, fields in FORMS[:count]:
            with result.attempt(f"form to {path}"), result.clock():
                _post(context, origins[0], board, path, kind, fields)
        with result.attempt("rebound name"):
            _rebind(context, board)
        with result.attempt("tossed cookies"):
            _toss(context, site, board)
        with result.attempt("the user is signed out"):
            page.goto(f"{board.server.url}/board/PONE/")
            assert "/admin/login/" in page.url  # the tossed cookie replaced the session, as SECURITY.md says
    return result


def _try(context: BrowserContext, origin: str, name: str, url: str) -> str:
    page = context.new_page()
    page.goto(f"{origin}/")
    learned = str(page.evaluate(SCRIPT % TRIES[name], [url, BODY]))
    frames = [frame for frame in page.frames[1:] if frame.url.startswith(url)]
    assert not frames, f"framed: {frames[0].url}"
    for opened in context.pages[2:]:
        opened.close()
    page.close()
    return learned


def _post(context: BrowserContext, origin: str, board: Board, path: str, kind: str, fields: dict[str, str]) -> None:
    page = context.new_page()
    page.goto(f"{origin}/")
    statuses: list[int] = []
    page.on("response", lambda answer: statuses.append(answer.status))
    with page.expect_navigation():
        page.evaluate(FORM, [board.server.url + path, kind, fields])
    page.close()
    assert statuses[-1] == 403, f"{path}: {statuses}"


def _rebind(context: BrowserContext, board: Board) -> None:
    page = context.new_page()
    port = board.server.url.rpartition(":")[2]
    answer = page.goto(f"http://{EVIL}:{port}/board/PONE/")
    assert answer is not None
    assert answer.status == 400
    read = page.evaluate("fetch('/api/v1/export/').then(a => a.text())")
    assert "Host header" in read, read[:200]
    page.close()


def _toss(context: BrowserContext, site: ForeignSite, board: Board) -> None:
    """Set the server's own cookies from another port, then use the known CSRF token in a form."""
    names = [cookie["name"] for cookie in context.cookies(board.server.url)]
    session = next(name for name in names if "session" in name)
    csrf = session.replace("session", "csrf")
    site.cookies = [f"{session}=planted; Path=/", f"{csrf}={'a' * 32}; Path=/"]
    page = context.new_page()
    page.goto(f"http://127.0.0.1:{site.port}/")
    # Browsers send cookies to every port: the other server has received the session, as SECURITY.md says.
    assert any(session in seen for seen in site.seen)
    page.close()
    fields = {"csrfmiddlewaretoken": "a" * 32, "key": "EVIL", "title": "By a page", "status": "active"}
    _post(
        context, f"http://127.0.0.1:{site.port}", board, "/admin/projects/project/add/", "multipart/form-data", fields
    )
    again = context.new_page()
    again.goto(board.server.url + board.server.api("POST", "login-links/").json()["url"])
    assert re.search(r"/board/PONE/$|\?overview", again.url), f"a planted session is kept: {again.url}"
    site.cookies = [f"{session}=planted; Path=/"]
    again.goto(f"http://127.0.0.1:{site.port}/")
    again.close()
