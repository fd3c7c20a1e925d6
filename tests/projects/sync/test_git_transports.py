"""Addresses of every kind, and remotes that can't be used: one clear line, and nothing is lost."""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from projects.sync.exceptions import (
    GitError,
    NeedsPassword,
    Refused,
    RemoteDamaged,
    StoreDamaged,
    SyncError,
    Unreachable,
)
from tests.projects.sync.http_remote import HttpRemote, without_proxies
from tests.projects.sync.repositories import FOUNDED, REF, Clone, bare, git, hook


def set_url(clone: Clone, url: str | Path) -> None:
    git("remote", "set-url", "origin", url, cwd=clone.path)


def fails(kind: type[SyncError], message: str, action: Callable[[], object]) -> str:
    """Return the message of the error that the action must raise: one line without control characters."""
    with pytest.raises(kind, match=message) as caught:
        action()
    assert type(caught.value) is kind
    assert str(caught.value).isprintable()
    return str(caught.value)


def recovers(clone: Clone, remote: Path) -> None:
    """Check that the next sync goes on where the failed one stopped."""
    set_url(clone, remote)
    head = clone.fetch()
    assert clone.append(head) if head else clone.publish(None)


@pytest.fixture
def ssh(tmp_path: Path) -> str:
    """Return an ssh program that runs the command here and records how it was called."""
    program = tmp_path / "ssh"
    program.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/calls\nfor last; do :; done\nexec sh -c "$last"\n')
    program.chmod(0o755)
    return str(program)


@pytest.fixture
def http(tmp_path: Path, remote: Path) -> Iterator[HttpRemote]:
    git("config", "http.receivepack", "true", cwd=remote)
    with HttpRemote(tmp_path) as server:
        yield server


def test_file_address(make_clone: Callable[..., Clone], remote: Path) -> None:
    ann = make_clone("ann", source=f"file://{remote}")
    head = ann.append(ann.publish(None))
    assert make_clone("bob").fetch() == head


def test_path_with_special_characters(ann: Clone, remote: Path, tmp_path: Path) -> None:
    moved = remote.rename(tmp_path / "a 'b' $(c) é.git")
    set_url(ann, moved)
    assert ann.append(ann.publish(None)) == ann.fetch()


def test_ssh_of_the_environment(make_clone: Callable[..., Clone], remote: Path, ssh: str, tmp_path: Path) -> None:
    ann = make_clone("ann", GIT_SSH_COMMAND=ssh)
    set_url(ann, f"ssh://ann@host{remote}")
    assert ann.append(ann.publish(None)) == ann.fetch()
    calls = (tmp_path / "calls").read_text().splitlines()
    assert all("-o BatchMode=yes" in call and "ann@host git-" in call for call in calls)


def test_ssh_of_the_configuration(ann: Clone, remote: Path, ssh: str, tmp_path: Path) -> None:
    wrapper = Path(ssh).rename(tmp_path / "wrapper")
    git("config", "core.sshCommand", f"{wrapper} -i key", cwd=ann.path)
    git("config", "ssh.variant", "simple", cwd=ann.path)
    set_url(ann, f"host:{remote}")
    assert ann.append(ann.publish(None)) == ann.fetch()
    assert "BatchMode" not in (tmp_path / "calls").read_text()  # another program may not know it


def test_http(ann: Clone, http: HttpRemote, make_clone: Callable[..., Clone]) -> None:
    ann.env.update(without_proxies())
    set_url(ann, f"http://{http.address}/remote.git")
    head = ann.append(ann.publish(None))
    assert ann.fetch() == make_clone("bob").fetch() == head


def test_http_password_of_a_credential_helper(ann: Clone, remote: Path, tmp_path: Path) -> None:
    ann.env.update(without_proxies())
    git("config", "credential.helper", "!f() { echo username=ann; echo password=right; }; f", cwd=ann.path)
    with HttpRemote(tmp_path, password="right") as server:
        set_url(ann, f"http://{server.address}/remote.git")
        assert ann.append(ann.publish(None)) == ann.fetch()


def test_http_password_in_the_address_is_used_and_not_shown(ann: Clone, tmp_path: Path) -> None:
    ann.env.update(without_proxies())
    with HttpRemote(tmp_path, password="right") as server:
        set_url(ann, f"http://ann:right@{server.address}/remote.git")
        head = ann.publish(None)
        set_url(ann, f"http://ann:wrong-1@{server.address}/remote.git")
        message = fails(NeedsPassword, "the remote origin needs a password or key", ann.fetch)
        assert "wrong-1" not in message
        assert "wrong-1" not in fails(NeedsPassword, "password", lambda: ann.push(head))
        set_url(ann, f"http://ann:right@{server.address}/nowhere.git")
        assert "right" not in fails(Unreachable, "can't be reached.*not found", ann.fetch)


def test_http_password_that_nobody_can_enter(ann: Clone, remote: Path, tmp_path: Path) -> None:
    ask = tmp_path / "ask"
    ask.write_text(f"#!/bin/sh\ntouch {tmp_path}/asked\necho x\n")
    ask.chmod(0o755)
    ann.env.update({**without_proxies(), "GIT_ASKPASS": str(ask), "SSH_ASKPASS": str(ask), "DISPLAY": ":0"})
    git("config", "core.askPass", str(ask), cwd=ann.path)
    with HttpRemote(tmp_path, password="right") as server:
        set_url(ann, f"http://{server.address}/remote.git")
        fails(NeedsPassword, "on a terminal, check: git ls-remote origin", ann.fetch)
    assert not (tmp_path / "asked").exists()
    recovers(ann, remote)


def test_http_forbidden(ann: Clone, tmp_path: Path) -> None:
    ann.env.update(without_proxies())
    with HttpRemote(tmp_path, status=403) as server:
        set_url(ann, f"http://{server.address}/remote.git")
        fails(Refused, "the remote origin refuses: .*403", ann.fetch)


def test_http_without_the_right_to_push(ann: Clone, remote: Path, tmp_path: Path) -> None:
    ann.env.update(without_proxies())
    git("config", "http.receivepack", "false", cwd=remote)
    with HttpRemote(tmp_path) as server:
        set_url(ann, f"http://{server.address}/remote.git")
        assert ann.fetch() is None
        head = ann.store.commit(None, FOUNDED)
        fails(Refused, "the remote origin refuses: .*403", lambda: ann.push(head))
    recovers(ann, remote)


def test_headers_of_the_configuration_are_sent_once(ann: Clone, http: HttpRemote) -> None:
    ann.env.update(without_proxies())
    git("config", f"http.http://{http.address}/.extraHeader", "X-Token: abc", cwd=ann.path)
    set_url(ann, f"http://{http.address}/remote.git")
    ann.fetch()
    assert [headers["X-Token"] for headers in http.headers] == ["abc"] * len(http.headers)
    assert http.headers


def test_nothing_listens(ann: Clone, remote: Path) -> None:
    ann.env.update(without_proxies())
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    for scheme in ("http", "git"):
        set_url(ann, f"{scheme}://127.0.0.1:{port}/x.git")
        fails(Unreachable, "the remote origin can't be reached: ", ann.fetch)
    recovers(ann, remote)


def test_server_that_never_answers_ends_at_the_limit(ann: Clone, remote: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        set_url(ann, f"git://127.0.0.1:{server.getsockname()[1]}/x.git")
        start = time.monotonic()
        fails(
            Unreachable,
            r"the remote origin did not finish within 0\.5 seconds",
            lambda: ann.store.fetch(ann.remote, REF, limit=0.5),
        )
        assert time.monotonic() - start < 20
    recovers(ann, remote)


def test_remote_that_is_gone_or_no_repository(ann: Clone, remote: Path, tmp_path: Path) -> None:
    head = ann.publish(None)
    for place in (tmp_path / "nowhere", tmp_path):
        set_url(ann, place)
        fails(Unreachable, "the remote origin can't be reached: .*does not appear to be a git repository", ann.fetch)
        fails(Unreachable, "can't be reached", lambda: ann.push(head))
    recovers(ann, remote)


@pytest.mark.parametrize("what", ["log/00/00/01.jsonl", "", "ref"])
def test_remote_that_lacks_an_object_is_not_called_unreachable(
    ann: Clone, bob: Clone, remote: Path, tmp_path: Path, what: str
) -> None:
    bob.fetch()
    head = ann.append(ann.publish(None))
    ref, before = remote / REF, shutil.copytree(remote, tmp_path / "before.git")
    if what == "ref":
        ref.write_text("1" * 40 + "\n")
    else:
        one = git("rev-parse", f"{head}:{what}" if what else head, cwd=remote)
        path = remote / "objects" / one[:2] / one[2:]
        path.chmod(0o600)
        path.write_bytes(path.read_bytes()[:10])
    said = r"the remote origin lacks objects or is damaged: .+; sync again, and if that fails, check it there with: git"
    fails(RemoteDamaged, said, bob.fetch)
    if not what:
        fails(RemoteDamaged, said, lambda: ann.append(head))
    shutil.rmtree(remote)
    before.rename(remote)
    assert bob.fetch() == head


@pytest.mark.parametrize("name", ["objects/{head}", "refs/pm/board", "HEAD"])
def test_damaged_local_copy_is_not_taken_for_a_damaged_remote(ann: Clone, bob: Clone, name: str) -> None:
    head = ann.publish(None)
    ann.fetch()
    ann.store.close()
    bob.fetch()
    bob.append(head)
    path = Path(ann.store.path, name.format(head=f"{head[:2]}/{head[2:]}"))
    path.chmod(0o600)
    path.write_bytes(b"damaged")
    fails(StoreDamaged, r"board\.git is damaged; remove it, and sync again", ann.fetch)


def test_ssh_that_wants_a_password(make_clone: Callable[..., Clone], remote: Path, tmp_path: Path) -> None:
    script = tmp_path / "ssh"
    script.write_text("#!/bin/sh\necho 'ann@host: Permission denied (publickey,password).' >&2\nexit 255\n")
    script.chmod(0o755)
    ann = make_clone("ann", GIT_SSH_COMMAND=str(script))
    set_url(ann, f"ssh://host{remote}")
    fails(NeedsPassword, r"\(ann@host: Permission denied \(publickey,password\)\.\)", ann.fetch)
    script.write_text("#!/bin/sh\necho 'Host key verification failed.' >&2\nexit 255\n")
    fails(NeedsPassword, r"Host key verification failed", ann.fetch)
    script.write_text("#!/bin/sh\necho 'ssh: Could not resolve hostname host: Name not known' >&2\nexit 255\n")
    fails(Unreachable, r"Could not resolve hostname", ann.fetch)
    recovers(ann, remote)


@pytest.mark.parametrize("url", ["ext::sh -c 'touch {ran} >&2'", "fd::7", "unknown::x", "ftp://127.0.0.1:1/x"])
def test_other_transports_are_refused(ann: Clone, tmp_path: Path, url: str) -> None:
    git("config", "protocol.ext.allow", "always", cwd=ann.path)
    set_url(ann, url.format(ran=tmp_path / "ran"))
    fails(Refused, "must be a path or file, git, http, https or ssh", ann.fetch)
    assert not (tmp_path / "ran").exists()


def test_server_hook_that_refuses(ann: Clone, remote: Path) -> None:
    head = ann.publish(None)
    hook(
        remote, "pre-receive", "printf '\\n\\033[31mNo boards here\\007, ask https://a:b@host/\\nsecond\\n' >&2; exit 1"
    )
    message = fails(Refused, "the remote origin refuses the push: ", lambda: ann.append(head))
    assert message.endswith("[31mNo boards here , ask https://host/ (pre-receive hook declined)")
    hook(remote, "pre-receive", "exit 1")
    fails(Refused, r"the push: pre-receive hook declined", lambda: ann.append(head))
    hook(remote, "pre-receive", "exit 0")
    hook(remote, "update", "echo Not you >&2; exit 1")
    fails(Refused, r"the push: Not you \(hook declined\)", lambda: ann.append(head))
    hook(remote, "update", "exit 0")
    assert ann.append(head) == ann.fetch()


def test_server_that_hides_or_denies_the_ref(ann: Clone, remote: Path) -> None:
    git("config", "receive.hideRefs", "refs/pm", cwd=remote)
    fails(Refused, r"the push: deny updating a hidden ref", lambda: ann.fetch() or ann.publish(None))
    assert ann.publish(None, ref="refs/heads/pm-board") == ann.fetch("refs/heads/pm-board")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as another user")
def test_remote_without_write_permission(make_clone: Callable[..., Clone], remote: Path, tmp_path: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        shared = Path(shutil.copytree(remote, Path(folder, "remote.git")))
        # The server's side runs as another user, who may only read.
        script = Path(folder, "ssh")
        script.write_text('#!/bin/sh\nfor last; do :; done\nexec setpriv --reuid=65534 --clear-groups sh -c "$last"\n')
        script.chmod(0o755)
        config = Path(folder, "gitconfig")
        config.write_text("[safe]\n\tdirectory = *\n")
        ann = make_clone("ann", GIT_SSH_COMMAND=f"env GIT_CONFIG_GLOBAL={config} {script}")
        set_url(ann, shared)
        head = ann.publish(None)
        git("config", "ssh.variant", "simple", cwd=ann.path)
        set_url(ann, f"host:{shared}")
        assert ann.fetch() == head
        fails(Refused, "the remote origin refuses", lambda: ann.append(head))
        recovers(ann, shared)


def test_wrong_object_format_is_one_clear_line(ann: Clone, tmp_path: Path) -> None:
    other = bare(tmp_path / "sha256.git", "--object-format=sha256")
    git("fast-import", "--quiet", cwd=other, data=b"commit refs/pm/board\ncommitter x <x> 1 +0000\ndata 0\n")
    head = ann.publish(None)
    set_url(ann, other)
    fails(GitError, r"uses another object format \(SHA-1 or SHA-256\)", ann.fetch)
    fails(GitError, r"uses another object format \(SHA-1 or SHA-256\)", lambda: ann.push(head))
