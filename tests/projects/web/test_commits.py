"""Commits on the item page, and the page of a commit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import requests

from projects.web.diff import diff_lines
from tests.commands import answer, error, git
from tests.processes import Server, poll

PIXEL = b"\x89PNG\r\n\x1a\n" + bytes(40)


def test_diff_lines_have_kinds_and_no_control_characters() -> None:
    text = "diff --git a/a b/a\n--- a/a\n+++ b/a\n@@ -1 +1 @@\n-old\n+new \x1b[31m\u202e\n stays\n--- dashes"
    assert [(line.kind, line.text[:5]) for line in diff_lines(text.splitlines())] == [
        *(("file", "diff "), ("file", "--- a"), ("file", "+++ b"), ("place", "@@ -1")),
        *(("removed", "-old"), ("added", "+new "), ("", " stay"), ("removed", "--- d")),
    ]
    assert diff_lines(["+\x1b\u202e"])[0].text == "+\ufffd\ufffd"


@pytest.fixture
def committed(repository: Path, server: Server) -> Server:
    """A server of a repository with an item and a commit that names it."""
    answer(repository, "project", "create", "--key", "ONE", "--title", "One")
    answer(repository, "work-item", "create", "--project", "ONE", "--type", "task", "--title", "First")
    (repository / "a.txt").write_text("<script>alert(1)</script>\n")
    git(repository, "add", "a.txt")
    git(repository, "-c", "user.name=Ada", "-c", "user.email=a@x.org", "commit", "-q", "-m", "Fix <b>ONE-1</b>")
    return server


def test_commit_is_found_by_command_and_page(committed: Server, repository: Path) -> None:
    found = poll(lambda: _complete(repository), what="the index")
    (commit,) = found["commits"]
    assert (commit["subject"], commit["author"], commit["files"], commit["insertions"]) == (
        "Fix <b>ONE-1</b>",
        "Ada",
        1,
        1,
    )
    diff = answer(repository, "commits", "ONE-1", "--diff", commit["sha"])
    assert "+<script>alert(1)</script>\n" in diff["diff"]
    assert answer(repository, "orphans")["open_with_commits"][0]["key"] == "ONE-1"
    assert error(repository, "commits", "ONE-1", "--diff", "0" * 40)["code"] == "NOT_FOUND"
    assert error(repository, "commits", "ONE-2", "--diff", commit["sha"])["field"] == "work_item"
    assert error(repository, "commits", "ONE-9")["field"] == "work_item"
    with requests.Session() as session:
        session.trust_env = False
        session.get(answer(repository, "server", "open", "--no-browser")["server"]["login_url"])
        page = session.get(f"{committed.url}/items/ONE-1/").text
        shown = session.get(f"{committed.url}/items/ONE-1/commits/{diff['sha']}/").text
    assert "Fix &lt;b&gt;ONE-1&lt;/b&gt;" in page
    assert '<span class="added">+&lt;script&gt;alert(1)&lt;/script&gt;' in shown
    assert "<script>alert" not in shown


def test_pictures_are_those_of_the_last_commit(committed: Server, repository: Path) -> None:
    (repository / "docs").mkdir()
    (repository / "docs" / "a b.png").write_bytes(PIXEL)
    (repository / "docs" / "page.png").write_text("<script>alert(1)</script>")
    (repository / "docs" / "big.gif").write_bytes(b"GIF89a" + bytes(5 << 20))
    (repository / "docs" / "link.png").symlink_to("/etc/passwd")
    git(repository, "add", "docs")
    git(repository, "-c", "user.name=Ada", "-c", "user.email=a@x.org", "commit", "-q", "-m", "Pictures")
    (repository / "docs" / "new.png").write_bytes(PIXEL)
    with requests.Session() as session:
        session.trust_env = False
        assert session.get(f"{committed.url}/pictures/docs/a b.png").status_code == 401
        session.get(answer(repository, "server", "open", "--no-browser")["server"]["login_url"])
        found = session.get(f"{committed.url}/pictures/docs/a%20b.png")
        assert (found.content, found.headers["Content-Type"]) == (PIXEL, "image/png")
        assert found.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
        assert found.headers["X-Content-Type-Options"] == "nosniff"
        for name in ("docs/page.png", "docs/big.gif", "docs/link.png", "docs/new.png", "a.txt", "../a.png", "docs"):
            assert session.get(f"{committed.url}/pictures/{name.replace('..', '%2e%2e')}").status_code == 404, name


def _complete(repository: Path) -> Any:
    found = answer(repository, "commits", "ONE-1")
    return found if found["is_complete"] else None
