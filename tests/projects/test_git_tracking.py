"""What another program under the name of git prints is not taken for an answer."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.processes import CHECKOUT, environment


def test_tracked_ignores_names_that_were_not_asked_for(repository: Path) -> None:
    bin_folder = repository.parent / "bin"
    bin_folder.mkdir()
    (bin_folder / "git").write_text("#!/bin/sh\nprintf 'Welcome!\\ndata.db\\n\\377\\n'\n")
    (bin_folder / "git").chmod(0o755)
    code = f"import sys; sys.path.insert(0, {str(CHECKOUT)!r}); from projects import git_tracking\n"
    code += f"print(git_tracking.tracked({str(repository)!r}, ('data.db', 'secret_key')))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment(PATH=f"{bin_folder}:/usr/bin:/bin"),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "['data.db']\n"
