"""People turn sync on and off in the settings, after the page explained what sharing means; agents do not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from projects import browser_sync
from projects.middleware import AGENT
from projects.models import Project, SyncBoard, User
from projects.models.exceptions import Conflict
from projects.sync.git_store import GitStore
from projects.sync.git_tree import board_file, format_file
from tests.projects.sync.repositories import BOARD, REF, bare, git

pytestmark = pytest.mark.django_db
HTML = {"HTTP_ACCEPT": "text/html"}
POSTS = ("sync-enable", "sync-run", "sync-change", "sync-disable")


@pytest.fixture
def remote(tmp_path: Path, settings: Any) -> Path:
    """A bare repository that is the remote of the board's repository."""
    found = bare(tmp_path / "remote.git")
    git("init", "-q", tmp_path / "work")
    git("config", "remote.origin.url", found, cwd=tmp_path / "work")
    settings.DISCOVERY_DIR = str(tmp_path / "work" / ".pm")
    Path(settings.DISCOVERY_DIR).mkdir()
    return found


@pytest.fixture(autouse=True)
def _without_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    """`pm sync` needs a server: tests/browser runs it."""
    monkeypatch.setattr(browser_sync, "run", lambda: "Synchronized.")


def form(remote: Path, **values: str) -> dict[str, str]:
    return {"remote": f"origin {remote}", "ref": REF, "interval": "300", "agreed": "yes", **values}


def share(browser: Client, remote: Path, **values: str) -> Any:
    return browser.post(reverse("sync-enable"), form(remote, **values))


def test_person_is_reported_and_shares_the_board(browser: Client, owner: User, project: Project, remote: Path) -> None:
    git("config", "remote.origin.pushurl", "https://ann:<secret>@example.org/board.git", cwd=remote.parent / "work")
    page = browser.get(reverse("sync"), **HTML).content.decode()
    assert f"<code>{remote} (push: https://example.org/board.git)</code>" in page
    for text in ("can then read the board", "under any name", "cannot be unpublished", "1 project and 0 items"):
        assert text in page
    git("config", "--unset", "remote.origin.pushurl", cwd=remote.parent / "work")
    assert share(browser, remote, agreed="").status_code == 400
    assert share(browser, remote, interval="1").status_code == 400
    assert share(browser, remote, ref="refs/heads/../x").status_code == 409
    assert SyncBoard.joined() is None
    response = share(browser, remote)
    assert (response.status_code, response.headers["PM-Redirect"]) == (200, "/settings/")
    board = SyncBoard.current()
    assert (board.remote, board.ref, board.interval, board.person) == ("origin", REF, 300, owner.username)
    assert share(browser, remote).status_code == 409
    assert browser.get(reverse("sync"), **HTML).status_code == 302


def test_address_that_changed_after_it_was_shown_is_refused(browser: Client, remote: Path) -> None:
    git("config", "remote.origin.url", "/elsewhere.git", cwd=remote.parent / "work")
    response = share(browser, remote)
    assert response.status_code == 409
    assert "has another address now: /elsewhere.git" in response.json()["error"]["message"]
    assert SyncBoard.joined() is None


def test_person_joins_a_published_board(browser: Client, remote: Path, tmp_path: Path) -> None:
    git("init", "-q", "--bare", tmp_path / "other.git")
    (tmp_path / "other.git" / "config").write_text("[core]\n\trepositoryformatversion = 0\n\tbare = true\n")
    with GitStore(str(tmp_path / "other.git")) as store:
        head = store.commit(None, {"format": format_file(), "board.json": board_file(BOARD)})
    git(f"--git-dir={tmp_path / 'other.git'}", "push", "-q", remote, f"{head}:{REF}")
    assert share(browser, remote).status_code == 200
    assert str(SyncBoard.current().board_id) == BOARD


def test_errors_of_git_are_one_line(browser: Client, remote: Path) -> None:
    remote.rename(remote.with_name("moved.git"))
    response = share(browser, remote)
    assert response.status_code == 409
    assert "the remote origin can't be reached" in response.json()["error"]["message"]
    assert SyncBoard.joined() is None


def test_another_board_is_not_founded_where_config_names_one(browser: Client, remote: Path, settings: Any) -> None:
    Path(settings.DISCOVERY_DIR, "config.toml").write_text(f'[sync]\nboard = "{BOARD}"\n')
    response = share(browser, remote)
    assert response.status_code == 409
    assert "pm sync enable --new" in response.json()["error"]["message"]


def test_settings_show_sync_change_the_interval_and_leave(browser: Client, remote: Path) -> None:
    assert "Share this board…" in browser.get("/settings/", **HTML).content.decode()
    share(browser, remote)
    page = browser.get("/settings/", **HTML).content.decode()
    assert "Unpublished changes" in page
    assert '<option value="300" selected>' in page
    assert browser.post(reverse("sync-change"), {"interval": "0"}).status_code == 200
    assert SyncBoard.current().interval == 0
    assert browser.post(reverse("sync-change"), {"interval": "7"}).status_code == 400
    assert browser.post(reverse("sync-run")).content == b"Synchronized."
    SyncBoard.objects.update(interval=77, error="<b>refused</b>")
    page = browser.get("/settings/", **HTML).content.decode()
    assert '<option value="77" selected>Every 77 seconds' in page
    assert "&lt;b&gt;refused&lt;/b&gt;" in page
    assert browser.post(reverse("sync-disable")).status_code == 200
    assert SyncBoard.joined() is None
    assert browser.post(reverse("sync-run")).status_code == 409


@pytest.mark.parametrize("is_link", [True, False])
def test_agents_and_their_links_share_nothing(browser: Client, owner: User, remote: Path, is_link: bool) -> None:
    share(browser, remote)
    if is_link:
        session = browser.session
        session[AGENT] = "claude"
        session.save()
    else:
        User.objects.filter(pk=owner.pk).update(is_agent=True)
    for name in POSTS:
        assert browser.post(reverse(name), form(remote)).status_code == 403, name
    assert SyncBoard.joined() is not None
    page = browser.get("/settings/", **HTML).content.decode()
    assert "Every 5 minutes" in page or "every 5 minutes" in page
    assert "/settings/sync/" not in page
    SyncBoard.objects.all().delete()
    assert browser.get(reverse("sync"), **HTML).headers["Location"] == "/settings/"
    assert browser.post(reverse("sync-enable"), form(remote)).status_code == 403
    assert "Share this board…" not in browser.get("/settings/", **HTML).content.decode()


def test_sync_needs_a_sign_in(remote: Path) -> None:
    assert Client().get(reverse("sync"), **HTML).status_code == 302
    for name in POSTS:
        assert Client().post(reverse(name)).status_code == 401


def test_repository_without_a_remote_sees_how_to_add_one(browser: Client, remote: Path) -> None:
    git("config", "--remove-section", "remote.origin", cwd=remote.parent / "work")
    assert "git remote add origin URL" in browser.get(reverse("sync"), **HTML).content.decode()


def test_result_of_the_command_becomes_a_sentence() -> None:
    result = browser_sync._result
    assert (
        result(b'{"fetched": 2, "published": 1, "pending": 0}', b"") == "Synchronized: 2 changes fetched, 1 published."
    )
    assert "3 not yet published" in result(b'{"fetched": 0, "published": 0, "pending": 3}', b"")
    with pytest.raises(Conflict, match="it is gone"):
        result(b"", b'warning\n{"error": {"code": "SYNC_FAILED", "message": "it is gone"}}\n')
    with pytest.raises(Conflict, match="without an answer"):
        result(b"", b"")
