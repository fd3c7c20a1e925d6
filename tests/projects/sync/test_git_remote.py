"""What the configuration of the user's repository says about a remote is used; the rest of it is not."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from projects.sync.exceptions import NoSuchRemote
from projects.sync.git_remote import Repository, printable, without_credentials
from tests.processes import environment
from tests.projects.sync.repositories import Clone, git


@pytest.fixture
def config(repository: Path) -> Callable[..., None]:
    return lambda name, value, *options: git("config", *options, name, value, cwd=repository)


def test_unknown_remote_is_refused_and_others_named(repository: Path) -> None:
    with pytest.raises(NoSuchRemote, match=r"no remote 'origin'; it has none: git remote add origin URL"):
        Repository(str(repository), environment()).remote("origin")
    git("remote", "add", "up.stream", "/x", cwd=repository)
    with pytest.raises(NoSuchRemote, match=r"no remote '/x'; it has: up\.stream"):
        Repository(str(repository), environment()).remote("/x")


def test_only_settings_of_the_connection_are_passed(repository: Path, config: Callable[..., None]) -> None:
    git("remote", "add", "origin", "https://example.org/x.git", cwd=repository)
    for name, value in {
        "remote.origin.mirror": "true",
        "remote.origin.promisor": "true",
        "remote.origin.partialclonefilter": "blob:none",
        "remote.origin.tagOpt": "--tags",
        "remote.origin.vcs": "evil",
        "remote.origin.proxy": "http://proxy",
        "remote.origin.uploadpack": "/opt/git-upload-pack",
        "remote.other.url": "/other",
        "core.sshCommand": "ssh -i key",
        "core.hooksPath": "/hooks",
        "core.askPass": "/ask",
        "core.fsmonitor": "/monitor",
        "http.https://example.org/.extraHeader": "X: y",
        "credential.helper": "store",
        "user.name": "Ann",
        "protocol.ext.allow": "always",
        "push.followTags": "true",
    }.items():
        config(name, value)
    settings = Repository(str(repository), environment(GIT_CONFIG_NOSYSTEM="1")).remote("origin").settings
    assert sorted(settings) == [
        ("core.sshcommand", "ssh -i key"),
        ("credential.helper", "store"),
        ("http.https://example.org/.extraheader", "X: y"),
        ("remote.origin.proxy", "http://proxy"),
        ("remote.origin.uploadpack", "/opt/git-upload-pack"),
        ("remote.origin.url", "https://example.org/x.git"),
    ]


def test_settings_of_the_user_and_of_the_command_line_count(repository: Path, tmp_path: Path) -> None:
    git("remote", "add", "origin", "gh:x", cwd=repository)
    (tmp_path / "included").write_text("[core]\n\tsshCommand = ssh -i work\n")
    (tmp_path / "config").write_text(f'[includeIf "gitdir:{repository}/"]\n\tpath = {tmp_path}/included\n')
    env = environment(
        GIT_CONFIG_GLOBAL=str(tmp_path / "config"),
        GIT_CONFIG_NOSYSTEM="1",
        GIT_CONFIG_COUNT="1",
        GIT_CONFIG_KEY_0="url.git@github.com:.insteadOf",
        GIT_CONFIG_VALUE_0="gh:",
    )
    remote = Repository(str(repository), env).remote("origin")
    assert ("core.sshcommand", "ssh -i work") in remote.settings
    assert remote.url == "git@github.com:x"


def test_variables_of_a_hook_do_not_name_another_repository(repository: Path, tmp_path: Path) -> None:
    git("remote", "add", "origin", "/here", cwd=repository)
    env = environment(GIT_DIR=str(tmp_path / "elsewhere"), GIT_INDEX_FILE="x", GIT_WORK_TREE="/")
    assert Repository(str(repository), env).remote("origin").url == "/here"


def test_addresses_are_shown_as_git_rewrites_them(repository: Path, config: Callable[..., None]) -> None:
    git("remote", "add", "origin", "gh:team/x", cwd=repository)
    config("url.https://ann:secret@github.com/.insteadOf", "gh:")
    config("url.https://elsewhere/.insteadOf", "g")
    remote = Repository(str(repository), environment()).remote("origin")
    assert remote.url == git("remote", "get-url", "origin", cwd=repository)
    assert remote.shown() == "https://github.com/team/x"
    config("url.ssh://git@github.com/.pushInsteadOf", "gh:")
    remote = Repository(str(repository), environment()).remote("origin")
    assert remote.push_url == git("remote", "get-url", "--push", "origin", cwd=repository)
    assert remote.shown() == "https://github.com/team/x (push: ssh://github.com/team/x)"
    config("remote.origin.pushurl", "/mirror")
    assert Repository(str(repository), environment()).remote("origin").push_url == "/mirror"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://ann:pass@host/x", "https://host/x"),
        ("https://token@host", "https://host"),
        ("https://a@b:c@d@host/x@y", "https://host/x@y"),
        ("fatal: unable to access 'https://a:b@host/': no", "fatal: unable to access 'https://host/': no"),
        ("http://a:b@one https://c:d@two", "http://one https://two"),
        ("git@host:x", "git@host:x"),
        ("/path/with@sign", "/path/with@sign"),
    ],
)
def test_credentials_are_removed(text: str, shown: str) -> None:
    assert without_credentials(text) == shown


def test_text_of_a_server_becomes_one_short_line() -> None:
    assert printable(b"\x1b[31mred\x07\r\n  two\xff") == "[31mred two�"
    assert len(printable("x" * 1000)) == 200


def test_object_format_is_that_of_the_repository(tmp_path: Path) -> None:
    git("init", "-q", "--object-format=sha256", tmp_path / "new")
    assert Repository(str(tmp_path / "new"), environment()).object_format == "sha256"


def test_relative_address_starts_at_the_top_of_the_worktree(ann: Clone, remote: Path) -> None:
    git("remote", "set-url", "origin", os.path.relpath(remote, ann.path), cwd=ann.path)
    head = ann.publish(None)
    assert ann.fetch() == head
