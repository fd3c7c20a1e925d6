"""Which config directory belongs to a working directory, and which one is not trusted."""

from __future__ import annotations

import os
import stat
import subprocess
from pathlib import Path

import pytest

from projects import workspace
from projects.workspace import WorkspaceError
from tests.conftest import make_repository
from tests.processes import environment

NO_ENVIRONMENT: dict[str, str] = {}


def git(repository: Path, *arguments: str) -> None:
    command = ["git", "-C", str(repository), "-c", "user.name=a", "-c", "user.email=a@b.c", *arguments]
    env = environment(GIT_CONFIG_COUNT="1", GIT_CONFIG_KEY_0="protocol.file.allow", GIT_CONFIG_VALUE_0="always")
    subprocess.run(command, check=True, env=env, capture_output=True)


def find(where: Path, **environ: str) -> Path:
    return Path(workspace.find(str(where), environ))


@pytest.fixture
def committed(repository: Path) -> Path:
    """A repository with a commit, so that worktrees can be added."""
    git(repository, "commit", "--allow-empty", "-m", "x")
    return repository


def test_repository_has_it_at_its_top(repository: Path) -> None:
    (repository / "a/b").mkdir(parents=True)
    assert find(repository) == find(repository / "a/b") == repository / ".pm"


def test_folder_without_repository_has_its_own(tmp_path: Path) -> None:
    assert find(tmp_path) == tmp_path / ".pm"


def test_variable_outranks_all(repository: Path, tmp_path: Path) -> None:
    (repository / ".pm").mkdir()
    assert find(repository, PM_CONFIG_DIR=str(tmp_path / "x")) == tmp_path / "x"
    assert find(repository, PM_CONFIG_DIR="sub/../y") == repository / "y"
    assert find(repository, PM_CONFIG_DIR="") == repository / ".pm"


def test_nearest_below_the_top_wins(repository: Path) -> None:
    (repository / "a/b").mkdir(parents=True)
    (repository / "a/.pm").mkdir()
    (repository / ".pm").mkdir()
    assert find(repository / "a/b") == repository / "a/.pm"
    assert find(repository) == repository / ".pm"


def test_nothing_above_the_top_is_taken(repository: Path) -> None:
    (repository.parent / ".pm").mkdir()
    assert find(repository) == repository / ".pm"


def test_nothing_above_home_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "home/project").mkdir(parents=True)
    (tmp_path / ".pm").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert find(tmp_path / "home/project") == tmp_path / "home/project/.pm"
    (tmp_path / "home/.pm").mkdir()
    assert find(tmp_path / "home/project") == tmp_path / "home/.pm"


def test_linked_worktree_has_the_main_one(committed: Path, tmp_path: Path) -> None:
    git(committed, "worktree", "add", str(tmp_path / "tree"))
    (tmp_path / "tree/deep/.pm").mkdir(parents=True)
    (tmp_path / "tree/.pm").mkdir()
    assert find(tmp_path / "tree") == find(tmp_path / "tree/deep") == committed / ".pm"


def add_worktree(committed: Path, bare: Path, tree: Path) -> None:
    git(committed, "clone", "--bare", str(committed), str(bare))
    git(bare, "worktree", "add", str(tree))


def test_linked_worktree_has_the_nearest_board_of_the_main_one(committed: Path, tmp_path: Path) -> None:
    (committed / "services/shop/.pm").mkdir(parents=True)
    linked = tmp_path / "linked"
    git(committed, "worktree", "add", str(linked))
    (linked / "services/shop/src").mkdir(parents=True)
    assert find(linked / "services/shop/src") == committed / "services/shop/.pm"
    assert find(linked / "services") == find(linked) == committed / ".pm"


def test_linked_worktree_does_not_take_the_board_of_another_repository(committed: Path, tmp_path: Path) -> None:
    linked = tmp_path / "linked"
    git(committed, "worktree", "add", str(linked))
    make_repository(committed / "vendor")
    (committed / "vendor/.pm").mkdir()
    (committed / "link").symlink_to(committed / "vendor")
    for name in ("vendor", "link"):
        (linked / name).mkdir()
        assert find(linked / name) == committed / ".pm"


def test_worktrees_of_bare_repositories_side_by_side_have_a_board_each(committed: Path, tmp_path: Path) -> None:
    for name in ("alpha", "beta"):
        add_worktree(committed, tmp_path / f"{name}.git", tmp_path / f"{name}-main")
        assert find(tmp_path / f"{name}-main") == tmp_path / f"{name}.git/.pm"
        assert find(tmp_path / f"{name}.git") == tmp_path / f"{name}.git/.pm"


@pytest.mark.parametrize("name", [".git", ".bare", "repository.git"])
def test_project_folder_of_a_bare_repository_has_the_board(committed: Path, tmp_path: Path, name: str) -> None:
    project = tmp_path / "project"
    add_worktree(committed, project / name, project / "main")
    if name != ".git":
        (project / ".git").write_text(f"gitdir: ./{name}\n")
    assert find(project / "main") == find(project) == project / ".pm"


def test_bare_repository_with_worktrees_inside_has_the_board(committed: Path, tmp_path: Path) -> None:
    add_worktree(committed, tmp_path / "project", tmp_path / "project/main")
    assert find(tmp_path / "project/main") == find(tmp_path / "project") == tmp_path / "project/.pm"


def test_board_of_a_bare_repository_at_its_earlier_place_is_named_before_a_second_is_made(
    committed: Path, tmp_path: Path
) -> None:
    add_worktree(committed, tmp_path / "code/alpha.git", tmp_path / "code/alpha-main")
    workspace.create(str(tmp_path / "code/.pm"))
    (tmp_path / "code/.pm/data.db").touch()
    directory = find(tmp_path / "code/alpha-main")
    with pytest.raises(WorkspaceError, match=rf"mv {tmp_path}/code/.pm {directory}.*pm init"):
        workspace.create(str(directory))
    assert not directory.exists()
    workspace.create(str(directory), force=True)
    workspace.create(str(directory))
    assert directory.is_dir()


def test_moved_main_worktree_is_named_instead_of_a_second_board(committed: Path, tmp_path: Path) -> None:
    git(committed, "worktree", "add", str(tmp_path / "tree"))
    workspace.create(str(committed / ".pm"))
    committed.rename(tmp_path / "moved")
    (tmp_path / "tree/.pm").mkdir()
    with pytest.raises(WorkspaceError, match=rf"moved or deleted.*git worktree repair {tmp_path}/tree"):
        find(tmp_path / "tree")
    assert find(tmp_path / "tree", PM_CONFIG_DIR=".pm") == tmp_path / "tree/.pm"
    git(tmp_path / "moved", "worktree", "repair", str(tmp_path / "tree"))
    assert find(tmp_path / "tree") == tmp_path / "moved/.pm"


def test_board_in_a_worktree_with_a_broken_pointer_is_used(committed: Path, tmp_path: Path) -> None:
    git(committed, "worktree", "add", str(tmp_path / "tree"))
    committed.rename(tmp_path / "moved")
    (tmp_path / "tree/.pm").mkdir()
    (tmp_path / "tree/.pm/data.db").touch()
    assert find(tmp_path / "tree") == tmp_path / "tree/.pm"


def test_linked_worktree_of_a_submodule_has_the_submodules(committed: Path, tmp_path: Path) -> None:
    outer = make_repository(tmp_path / "outer")
    git(outer, "submodule", "add", str(committed), "inner")
    git(outer / "inner", "worktree", "add", str(tmp_path / "tree"))
    assert find(outer / "inner") == outer / "inner/.pm"
    assert find(tmp_path / "tree") == outer / "inner/.pm"


def test_pointer_elsewhere_is_an_ordinary_top(tmp_path: Path) -> None:
    for pointer in ("gitdir: ../elsewhere", "gitdir: ", "", "nonsense", "gitdir: /x/modules/y", "\xff"):
        (tmp_path / ".git").write_text(pointer, encoding="latin-1")
        assert find(tmp_path) == tmp_path / ".pm"


@pytest.mark.parametrize("name", [".git", "x/worktrees/y/commondir", "x/config"])
def test_zero_byte_in_a_file_of_git_names_nothing(tmp_path: Path, name: str) -> None:
    files = {".git": "gitdir: x/worktrees/y", "x/worktrees/y/commondir": "../..", "x/config": "[core]\nworktree = "}
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(f"{text}/worktrees/\0" if path == name else text)
    if name.endswith("commondir"):
        with pytest.raises(WorkspaceError, match="which is not a repository"):
            find(tmp_path)
    else:
        assert find(tmp_path) == tmp_path / ("x/.pm" if name == "x/config" else ".pm")


def test_fifo_as_pointer_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / ".git")
    assert find(tmp_path) == tmp_path / ".pm"


def test_variables_of_git_move_nothing(repository: Path, tmp_path: Path) -> None:
    other = make_repository(tmp_path / "other")
    hostile = {"GIT_DIR": str(other / ".git"), "GIT_WORK_TREE": str(other)}
    assert find(repository, **hostile) == repository / ".pm"


def test_link_is_refused_and_says_how_to_trust(repository: Path, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (repository / ".pm").symlink_to(tmp_path / "real")
    with pytest.raises(WorkspaceError, match=rf"symbolic link.*PM_CONFIG_DIR={tmp_path}/real"):
        find(repository)


def test_file_is_refused(repository: Path) -> None:
    (repository / ".pm").touch()
    with pytest.raises(WorkspaceError, match="not a directory"):
        find(repository)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to give a directory to another user")
def test_directory_of_another_user_is_refused(repository: Path) -> None:
    (repository / ".pm").mkdir()
    os.chown(repository / ".pm", 12345, 12345)
    with pytest.raises(WorkspaceError, match="belongs to another user"):
        find(repository)
    assert find(repository, PM_CONFIG_DIR=".pm") == repository / ".pm"


def test_deleted_working_directory_is_one_clear_error(tmp_path: Path) -> None:
    code = "import os, sys; sys.path.insert(0, os.getcwd()); from projects import workspace as w\n"
    code += f"os.chdir({str(tmp_path)!r}); os.mkdir('d'); os.chdir('d'); os.rmdir('../d')\n"
    code += "try: w.find(environ={})\nexcept w.WorkspaceError as error: print(error)"
    import sys

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "the working directory no longer exists; change to another one\n"


def test_create_makes_it_private_and_ignored(repository: Path) -> None:
    workspace.create(str(repository / ".pm"))
    assert stat.S_IMODE((repository / ".pm").stat().st_mode) == 0o700
    assert (repository / ".pm/.gitignore").read_text() == workspace.GITIGNORE
    for name in ("data.db", "server.json", "secret_key", "server.log.1"):
        (repository / ".pm" / name).touch()
    done = subprocess.run(
        ["git", "-C", str(repository), "status", "--porcelain", "-uall"], capture_output=True, text=True, check=True
    )
    assert done.stdout == "?? .pm/.gitignore\n"


def test_create_tightens_what_a_clone_made_and_keeps_its_files(repository: Path) -> None:
    (repository / ".pm").mkdir(mode=0o755)
    (repository / ".pm/.gitignore").write_text("*\n")
    workspace.create(str(repository / ".pm"))
    assert stat.S_IMODE((repository / ".pm").stat().st_mode) == 0o700
    assert (repository / ".pm/.gitignore").read_text() == "*\n"


def test_create_where_it_can_not_be_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(WorkspaceError, match="can't be created"):
        workspace.create(str(tmp_path / "file/.pm"))


def test_database_that_is_no_file_is_refused(repository: Path, tmp_path: Path) -> None:
    workspace.create(str(repository / ".pm"))
    (repository / ".pm/data.db").symlink_to(tmp_path / "elsewhere.db")
    with pytest.raises(WorkspaceError, match="not a regular file"):
        workspace.refuse_hostile(str(repository / ".pm"))


def test_write_new_never_overwrites(tmp_path: Path) -> None:
    path = tmp_path / "file"
    assert workspace.write_new(str(path), "one")
    assert not workspace.write_new(str(path), "two")
    assert path.read_text() == "one"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_gitignore_is_written_at_first_and_by_init(repository: Path) -> None:
    directory = repository / ".pm"
    directory.mkdir()
    for force, written in ((False, True), (False, False), (True, True)):
        (directory / ".gitignore").unlink(missing_ok=True)
        assert workspace.create(str(directory), force=force) == ""
        assert (directory / ".gitignore").exists() == written


def test_gitignore_is_always_written_outside_a_repository(tmp_path: Path) -> None:
    for _ in range(2):
        workspace.create(str(tmp_path / ".pm"))
        (tmp_path / ".pm/.gitignore").unlink()
