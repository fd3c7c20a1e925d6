"""`pm sync`: two clones with servers share a board through a real remote."""

from __future__ import annotations

import json
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

from projects.sync import git_tree
from projects.sync.git_store import sync_lock
from tests.processes import DEADLINE, environment, poll
from tests.projects.client.conftest import PM, Board, call, call_here
from tests.projects.client.terminals import join, on_terminal
from tests.projects.sync.repositories import BOARD, REF, clone, git, hook


def test_off_by_default_and_git_contacts_nobody(ann: Board, remote: Path, tmp_path: Path) -> None:
    git("config", "remote.origin.uploadpack", f"touch {tmp_path}/contacted; git-upload-pack", cwd=ann.repository)
    assert ann("sync").error["code"] == "SYNC_OFF"
    assert ann("sync", "--watch").error["code"] == "SYNC_OFF"
    assert ann("sync", "status").document == {"sync": {"enabled": False}}
    assert not (tmp_path / "contacted").exists()
    assert not (ann.repository / ".pm" / "board.git").exists()
    git("config", "--unset", "remote.origin.uploadpack", cwd=ann.repository)


def test_enable_shows_a_person_what_it_means(ann: Board, remote: Path) -> None:
    git("config", "remote.origin.url", f"file://ann:secret@{remote}", cwd=ann.repository)
    result, shown = on_terminal(ann.repository, "sync", "enable", typed="n\n")
    assert result.error["code"] == "FORBIDDEN"
    assert "did not agree" in result.error["message"]
    assert f"Share this board through refs/pm/board of the remote origin: file://{remote}\n" in shown
    for sentence in ("who can read the repository", "under any name", "cannot be unpublished"):
        assert sentence in shown
    assert "secret" not in shown
    assert ann("sync", "status").document["sync"]["enabled"] is False


def test_enable_needs_a_terminal_and_a_name(ann: Board) -> None:
    no_terminal = subprocess.run(
        [*PM, "sync", "enable", "--person", "Ann"],
        cwd=ann.repository,
        env=environment(),
        input="y\n",
        capture_output=True,
        text=True,
        start_new_session=True,
    )
    assert json.loads(no_terminal.stderr.splitlines()[-1])["error"]["code"] == "FORBIDDEN"
    result, _ = on_terminal(ann.repository, "sync", "enable", typed="y\n\n")
    assert "your name" in result.error["message"]


def test_enable_joins_by_the_answers(ann: Board, remote: Path) -> None:
    result, shown = on_terminal(ann.repository, "sync", "enable", "--interval", "5m", typed="y\nAnn Author\n")
    assert "Your name on this board: " in shown
    found = result.document["sync"]
    assert (found["enabled"], found["remote"], found["ref"]) == (True, "origin", "refs/pm/board")
    assert (found["interval"], found["person"]) == (300, "Ann Author")
    again, _ = on_terminal(ann.repository, "sync", "enable", "--person", "Ann Author", typed="y\n")
    assert "joined already, to refs/pm/board of origin, interval 300, person Ann Author;" in again.error["message"]
    other, _ = on_terminal(ann.repository, "sync", "enable", "--ref", "refs/pm/other", "--interval", "1m", typed="y\n")
    assert "joined already" in other.error["message"]
    changed, shown = on_terminal(ann.repository, "sync", "enable", "--interval", "10m", typed="y\n")
    assert "Change interval from 300 to 600?" in shown
    assert (changed.document["sync"]["interval"], changed.document["sync"]["changed"]) == (600, ["interval"])
    assert ann("sync", "status").document["sync"]["url"] == str(remote)


def test_person_takes_a_clone_over_that_an_agent_joined(ann: Board, bob: Board) -> None:
    join(ann, "Ann")
    assert ann("sync").code == 0
    assert bob("init", "--join").code == 0
    assert bob("sync", "status").document["sync"]["person"] == "llm"
    result, _ = on_terminal(bob.repository, "sync", "enable", "--person", "Bob", typed="y\n")
    assert result.code == 0, result.err
    assert bob("sync", "status").document["sync"]["person"] == "Bob"


def test_sync_without_a_board_says_that_no_server_runs(repository: Path) -> None:
    assert call_here(repository / ".pm", "sync").error["code"] == "NO_SERVER"


def test_enable_names_what_it_can_use(ann: Board) -> None:
    refused = call(ann.repository, "sync", "enable", "--remote", "/tmp/x")
    assert refused.error["code"] == "SYNC_FAILED"
    assert "no remote '/tmp/x'; it has: origin" in refused.error["message"]
    refused = call(ann.repository, "sync", "enable", "--ref", "refs/tags/x")
    assert "the ref must be refs/pm/NAME or refs/heads/NAME" in refused.error["message"]
    for interval in ("8d", "9s"):
        refused = call(ann.repository, "sync", "enable", "--interval", interval)
        assert refused.error["code"] == "USAGE"
        assert "not between 10 seconds and 7 days" in refused.error["message"]


def test_dry_run_of_enable_shows_what_would_be_united(ann: Board, bob: Board, remote: Path) -> None:
    ann.project("PONE")
    ann.item("PONE", "From Ann")
    founded = call(ann.repository, "sync", "enable", "--dry-run").document["sync"]
    assert (founded["board"], founded["items"]["here"], founded["items"]["there"]) == (None, 1, 0)
    join(ann, "Ann")
    ann("sync")
    bob.project("PONE")
    bob.item("PONE", "From Bob")
    before = bob("sync", "export").out
    answer = call(bob.repository, "sync", "enable", "--dry-run").document["sync"]
    assert answer["board"] == ann("sync", "status").document["sync"]["board"]
    assert answer["projects"] == {"here": 1, "there": 1, "both": 0, "united": 2}
    assert answer["items"] == {"here": 1, "there": 1, "both": 0, "united": 2}
    assert answer["projects_renamed"] == [{"from": "PONE", "to": "PONE2"}]
    assert bob("sync", "export").out == before
    assert bob("sync", "status").document["sync"] == {"enabled": False}
    assert not (bob.repository / ".pm" / "board.git").exists()
    join(bob, "Bob")
    bob("sync")
    assert [row["key"] for row in bob("project", "list").document["projects"]] == ["PONE", "PONE2"]


def test_changes_of_two_clones_meet(joined: None, ann: Board, bob: Board) -> None:
    key = ann.item("PONE", "From Ann")
    assert ann("sync").document == {"fetched": 0, "published": 1, "pending": 0, "notes": []}
    assert bob("sync").document == {"fetched": 1, "published": 0, "pending": 0, "notes": []}
    bob("work-item", "update", key, "--status", "in_progress")
    assert bob("sync", "status").document["sync"]["unpublished"] == 1
    assert bob("sync").document["published"] == 1
    ann("work-item", "update", key, "--title", "Renamed")
    assert ann("sync").document == {"fetched": 1, "published": 1, "pending": 0, "notes": []}
    bob("sync")
    for board in (ann, bob):
        item = board("work-item", "get", key).document["work_item"]
        assert (item["title"], item["status"]) == ("Renamed", "in_progress")
    assert ann("sync", "export").out == bob("sync", "export").out


def test_sync_without_news_asks_the_server_once(joined: None, ann: Board) -> None:
    assert ann("sync").document == {"fetched": 0, "published": 0, "pending": 0, "notes": []}
    before = ann("sync", "status").document["sync"]
    assert ann("sync").document == {"fetched": 0, "published": 0, "pending": 0, "notes": []}
    assert ann("sync", "status").document["sync"] == before


def test_many_syncs_at_once_lose_nothing(joined: None, ann: Board, bob: Board) -> None:
    loop = (
        "import subprocess, sys\n"
        "pm, name = sys.argv[2:], sys.argv[1]\n"
        "for number in range(5):\n"
        "    title = name + str(number)\n"
        "    run = lambda *words: subprocess.run([*pm, *words], check=True, stdout=subprocess.DEVNULL)\n"
        "    run('work-item', 'create', '--project', 'PONE', '--type', 'task', '--title', title)\n"
        "    run('sync')\n"
    )
    loops = [
        subprocess.Popen(
            [sys.executable, "-c", loop, name, *PM], cwd=board.repository, env=environment(), stderr=subprocess.PIPE
        )
        for board, name in ((ann, "a"), (bob, "b"), (ann, "c"))
    ]
    for process in loops:
        _, err = process.communicate(timeout=8 * DEADLINE)
        assert process.returncode == 0, err.decode()
    for board in (ann, bob, ann):
        assert board("sync").code == 0
    titles = [
        sorted(row["title"] for row in board("work-item", "list", "PONE", "--all").document["work_items"])
        for board in (ann, bob)
    ]
    assert titles == [sorted(f"{name}{number}" for name in "abc" for number in range(5))] * 2


def test_remote_that_is_gone_loses_nothing(joined: None, ann: Board, remote: Path) -> None:
    ann.item("PONE")
    moved = remote.rename(remote.with_name("moved.git"))
    for _ in range(2):
        error = ann("sync").error
        assert error["code"] == "SYNC_FAILED"
        assert error["message"].startswith("the remote origin can't be reached: ")
    assert ann("sync", "status").document["sync"]["unpublished"] == 1
    moved.rename(remote)
    assert ann("sync").document["published"] == 1


def test_hook_of_the_server_that_refuses_is_shown(joined: None, ann: Board, bob: Board, remote: Path) -> None:
    ann.item("PONE", "Refused")
    hook(remote, "pre-receive", "echo No boards on Sundays >&2; exit 1")
    assert ann("sync").error["message"] == (
        "the remote origin refuses the push: No boards on Sundays (pre-receive hook declined)"
    )
    hook(remote, "pre-receive", "exit 0")
    assert ann("sync").document["published"] == 1
    assert bob("sync").document["fetched"] == 1


def test_publisher_that_always_comes_too_late_gives_up(joined: None, ann: Board, remote: Path) -> None:
    ann.item("PONE")
    # Another clone publishes between each fetch and push.
    hook(
        remote,
        "pre-receive",
        "unset GIT_QUARANTINE_PATH GIT_OBJECT_DIRECTORY GIT_ALTERNATE_OBJECT_DIRECTORIES\n"
        f"new=$(git commit-tree -p {REF} -m x {REF}^{{tree}}) && git update-ref {REF} $new",
    )
    identity = {"GIT_COMMITTER_NAME": "x", "GIT_COMMITTER_EMAIL": "x", "GIT_AUTHOR_NAME": "x", "GIT_AUTHOR_EMAIL": "x"}
    git("config", "user.name", "x", cwd=remote)
    git("config", "user.email", "x@example.org", cwd=remote)
    error = call(ann.repository, "sync", **identity).error
    assert error["code"] == "SYNC_FAILED"
    assert "another clone published to the remote origin first, 12 times in a row" in error["message"]
    hook(remote, "pre-receive", "exit 0")
    assert ann("sync").document["published"] == 1


def test_rewound_ref_stops_sync_and_changes_nothing(joined: None, ann: Board, bob: Board, remote: Path) -> None:
    before = git("rev-parse", REF, cwd=remote)
    key = ann.item("PONE", "Kept")
    ann("sync")
    bob("sync")
    exported = bob("sync", "export").out
    bob.item("PONE", "Not published")
    git("update-ref", REF, before, cwd=remote)
    error = bob("sync").error
    assert "rewound or rewritten" in error["message"]
    assert git("rev-parse", REF, cwd=remote) == before
    git("update-ref", "-d", REF, cwd=remote)
    assert "is gone from origin" in bob("sync").error["message"]
    assert bob("work-item", "get", key).document["work_item"]["title"] == "Kept"
    assert len(bob("sync", "export").out) > len(exported)


def test_damaged_local_copy_is_named_and_can_be_removed(joined: None, ann: Board, bob: Board, remote: Path) -> None:
    copy = ann.repository / ".pm" / "board.git"
    for number in range(3):
        bob.item("PONE", f"Published {number}")
        assert bob("sync").document["published"] == 1
    ann.item("PONE", "Not published")
    head = git("rev-parse", f"{REF}~3", cwd=remote)
    for path in copy.glob("objects/pack/*"):
        path.unlink()
    damaged = copy / "objects" / head[:2] / head[2:]
    damaged.parent.mkdir(exist_ok=True)
    damaged.unlink(missing_ok=True)
    damaged.write_bytes(b"damaged")
    assert ann("sync").error["message"] == f"{copy} is damaged; remove it, and sync again"
    shutil.rmtree(copy)
    result = ann("sync").document
    assert (result["fetched"], result["published"], result["pending"]) == (3, 1, 0)
    assert ann("sync", "verify").code == 0
    assert bob("sync").document["fetched"] == 1


def test_removed_local_copy_and_a_rewound_ref_are_noticed(joined: None, ann: Board, remote: Path) -> None:
    before = git("rev-parse", REF, cwd=remote)
    ann.item("PONE", "Published")
    ann("sync")
    shutil.rmtree(ann.repository / ".pm" / "board.git")
    git("update-ref", REF, before, cwd=remote)
    assert "was rewound or rewritten" in ann("sync").error["message"]
    assert "Published" in ann("sync", "export").out


def test_change_is_published_without_a_fetch_if_nobody_else_published(
    joined: None, ann: Board, bob: Board, tmp_path: Path
) -> None:
    ann("sync")  # lately
    git("config", "remote.origin.uploadpack", f"touch {tmp_path}/fetched; git-upload-pack", cwd=ann.repository)
    ann.item("PONE", "Alone")
    assert ann("sync").document["published"] == 1
    assert not (tmp_path / "fetched").exists()
    bob("sync")
    bob.item("PONE", "Before")
    bob("sync")
    ann.item("PONE", "After")
    assert ann("sync").document == {"fetched": 1, "published": 1, "pending": 0, "notes": []}
    assert (tmp_path / "fetched").exists()
    git("config", "--unset", "remote.origin.uploadpack", cwd=ann.repository)


def test_second_sync_beside_the_first_says_so(joined: None, ann: Board) -> None:
    with sync_lock(str(ann.repository / ".pm")):
        error = ann("sync", "--timeout", "1").error
    assert error["code"] == "SYNC_FAILED"
    assert "another sync of this board is running" in error["message"]


def test_key_of_two_items_is_read_with_a_warning(joined: None, ann: Board) -> None:
    mine, theirs = ann.item("PONE", "Mine"), ann.item("PONE", "Theirs")
    pk = ann("work-item", "get", mine).document["work_item"]["id"]
    with closing(sqlite3.connect(ann.repository / ".pm" / "data.db")) as database, database:
        database.execute("INSERT INTO projects_formerkey (key, item_id) VALUES (?, ?)", (theirs, pk.replace("-", "")))
    for verb in ("get", "show"):
        result = ann("work-item", verb, theirs)
        assert result.document["work_item"]["title"] == "Theirs"
        assert f"{theirs} is shown as published; in this clone it meant {mine} before" in result.err
    assert ann("work-item", "update", theirs, "--title", "Which?").error["code"] == "KEY_MOVED"


def test_disable_ends_it(joined: None, ann: Board) -> None:
    key = ann.item("PONE")
    assert ann("sync", "disable").document == {"sync": {"enabled": False}}
    assert ann("sync").error["code"] == "SYNC_OFF"
    assert ann("work-item", "get", key).code == 0


def test_board_in_a_branch(ann: Board, bob: Board, remote: Path) -> None:
    ann.project("PTWO")
    join(ann, "Ann", "--ref", "refs/heads/pm-board")
    assert ann("sync").document["published"] > 0
    join(bob, "Bob", "--ref", "refs/heads/pm-board")
    assert bob("sync").document["fetched"] > 0
    assert [row["key"] for row in bob("project", "list").document["projects"]] == ["PTWO"]


def test_branch_of_the_project_is_refused(ann: Board, remote: Path) -> None:
    git(
        "fast-import",
        "--quiet",
        cwd=remote,
        data=b"commit refs/heads/main\ncommitter x <x> 1 +0000\ndata 0\nM 100644 inline README.md\ndata 1\nx\n",
    )
    result, _ = on_terminal(ann.repository, "sync", "enable", "--ref=refs/heads/main", "--person=A", typed="y\n")
    assert result.error["message"].startswith("the ref does not hold a board; it holds README.md; nothing of it was")
    assert "pm sync disable" in result.error["message"]
    assert ann("sync", "status").document["sync"]["enabled"] is False


def test_branch_that_is_not_on_the_remote_yet_is_refused(ann: Board) -> None:
    git("checkout", "-q", "-B", "trunk", cwd=ann.repository)
    result, _ = on_terminal(ann.repository, "sync", "enable", "--ref=refs/heads/trunk", "--person=A", typed="y\n")
    assert result.error["message"].startswith("refs/heads/trunk is a branch of the project; name one for the board")
    assert ann("sync", "status").document["sync"]["enabled"] is False


def test_upgrade_needs_a_person_and_changes_the_format_for_all(
    ann: Board, bob: Board, remote: Path, tmp_path: Path
) -> None:
    old = clone(remote, tmp_path / "old")
    old.publish(None, {"format": git_tree.format_file(1), "board.json": git_tree.board_file(BOARD)})
    old.store.close()
    join(ann, "Ann")
    ann.project("PONE")
    ann("sync")
    assert ann("sync", "status").document["sync"]["format"] == 1
    refused, _ = on_terminal(ann.repository, "sync", "upgrade", typed="n\n")
    assert refused.error["code"] == "FORBIDDEN"
    assert git("show", f"{REF}:format", cwd=remote) == "pm board 1"
    done, shown = on_terminal(ann.repository, "sync", "upgrade", typed="y\n")
    assert "from format 1 to 2? Clones with an older pm can't follow it then." in shown
    assert (done.document["upgraded"]["format"], done.document["upgraded"]["pending"]) == (2, 0)
    assert git("show", f"{REF}:format", cwd=remote) == "pm board 2"
    join(bob, "Bob")
    bob("sync")
    assert bob("sync", "status").document["sync"]["format"] == 2
    assert call(bob.repository, "sync", "upgrade").document == {"upgraded": {"format": 2}}


def test_board_of_its_own_joins_a_log_that_only_says_that_it_has_a_newer_format(
    ann: Board, bob: Board, remote: Path, tmp_path: Path
) -> None:
    other = clone(remote, tmp_path / "other")
    other.publish(None, {"format": git_tree.format_file(2), "board.json": git_tree.board_file(BOARD)})
    other.store.close()
    for board, name in ((ann, "Ann"), (bob, "Bob")):
        key = board.item(board.project(name.upper()), f"Of {name}")
        board("comment", "create", "--work-item", key, "--content", "With a kind")
        join(board, name)
        assert board("sync").document["pending"] == 0
    for board in (ann, bob):
        assert board("sync").document["pending"] == 0
    assert ann("sync", "export").out == bob("sync", "export").out


def test_who_may_not_push_reads(ann: Board, bob: Board, remote: Path) -> None:
    ann.project("PONE")
    join(ann, "Ann")
    ann("sync")
    hook(remote, "pre-receive", "echo read-only >&2; exit 1")
    join(bob, "Bob")
    for title in ("One", "Two"):
        result = bob("sync")
        assert (result.code, result.document["pending"]) == (0, 0)
        assert "this clone can read the board, but not publish: the remote origin refuses the push" in result.err
        hook(remote, "pre-receive", "exit 0")
        key = ann.item("PONE", title)
        ann("sync")
        hook(remote, "pre-receive", "echo read-only >&2; exit 1")
        bob("sync")
        assert bob("work-item", "get", key).document["work_item"]["title"] == title
    bob.item("PONE", "Own")
    assert bob("sync").error["code"] == "SYNC_FAILED"


def test_changes_of_a_reader_are_handed_over(
    joined: None, ann: Board, bob: Board, remote: Path, tmp_path: Path
) -> None:
    key = bob.item("PONE", "Of a reader")
    hook(remote, "pre-receive", "echo read-only >&2; exit 1")
    assert "refuses the push" in bob("sync").error["message"]
    hook(remote, "pre-receive", "exit 0")
    file = str(tmp_path / "changes.json")
    count = bob("sync", "export", "--unpublished", "-o", file).document["exported"]["unpublished"]
    assert count > 0
    assert json.loads(bob("sync", "export", "--unpublished").out) == json.loads(Path(file).read_text())
    assert ann("sync", "import", "--unpublished", "-f", file).document == {"imported": {"new": count, "known": 0}}
    assert ann("work-item", "get", key).document["work_item"]["title"] == "Of a reader"
    assert ann("sync").document["published"] == count
    assert bob("sync").document == {"fetched": 0, "published": count, "pending": 0, "notes": []}
    assert ann("sync", "export").out == bob("sync", "export").out
    for wrong in (
        ("export", "--unpublished", "--project", "PONE"),
        ("import", "--unpublished", "--dry-run", "-f", file),
    ):
        assert ann("sync", *wrong).error["code"] == "USAGE"


def test_watch_follows_until_interrupted(joined: None, ann: Board, bob: Board) -> None:
    watcher = subprocess.Popen(
        [*PM, "sync", "--watch", "--interval", "1s"],
        cwd=bob.repository,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    alarm = threading.Timer(4 * DEADLINE, watcher.kill)  # ends a readline that waits for ever
    alarm.start()
    try:
        assert watcher.stdout is not None
        assert json.loads(watcher.stdout.readline())["pending"] == 0
        key = ann.item("PONE", "Watched")
        ann("sync")
        assert json.loads(watcher.stdout.readline())["fetched"] == 1
        assert bob("work-item", "get", key).document["work_item"]["title"] == "Watched"
        bob.item("PONE", "Back")
        assert json.loads(watcher.stdout.readline())["published"] == 1
    finally:
        alarm.cancel()
        watcher.send_signal(signal.SIGINT)
        _, err = watcher.communicate(timeout=DEADLINE)
    assert watcher.returncode == 130, err


def test_killed_sync_is_finished_by_the_next(
    joined: None, ann: Board, bob: Board, tmp_path: Path, remote: Path
) -> None:
    ann.item("PONE", "Killed")
    hook(remote, "pre-receive", f"touch {tmp_path}/begun; while [ ! -e {tmp_path}/go ]; do sleep 0.01; done")
    process = subprocess.Popen([*PM, "sync"], cwd=ann.repository, env=environment(), stdout=subprocess.PIPE)
    poll((tmp_path / "begun").exists, what="the push")
    process.kill()
    process.communicate()
    (tmp_path / "go").touch()
    poll(lambda: bob("sync").document["fetched"] == 1 or None, what="the end of the push")
    assert ann("sync").document == {"fetched": 0, "published": 1, "pending": 0, "notes": []}
    assert ann("sync", "export").out == bob("sync", "export").out
