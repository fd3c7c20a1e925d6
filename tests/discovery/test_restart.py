from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from discovery import restart


@pytest.mark.parametrize(
    ("command", "options", "program"),
    [
        (["manage.py", "serve", "--port", "1"], [], ["manage.py", "serve", "--port", "1"]),
        (["-m", "site", "-m"], [], ["-m", "site", "-m"]),
        (["-Im", "site"], ["-I"], ["-m", "site"]),
        (["-msite"], [], ["-m", "site"]),
        (["-W", "error", "-u", "x.py"], ["-W", "error", "-u"], ["x.py"]),
        (["-Werror", "-Xdev", "x.py"], ["-Werror", "-Xdev"], ["x.py"]),
        (["-uX", "utf8", "x.py", "-c"], ["-uX", "utf8"], ["x.py", "-c"]),
        (["--check-hash-based-pycs", "never", "x.py"], ["--check-hash-based-pycs", "never"], ["x.py"]),
        (["-Oc", "pass", "y"], ["-O"], ["-c", "pass", "y"]),
        (["-", "y"], [], ["-", "y"]),
        ([], [], ["-"]),
    ],
)
def test_split_command_finds_the_program(command: list[str], options: list[str], program: list[str]) -> None:
    assert restart.split_command(["python", *command]) == (options, program)


PROGRAM = """\
import json, os, sys
seen = [os.path.abspath(sys.argv[0]), sys.argv[1:], sys.orig_argv[1:], sys.path[0]]
print(json.dumps([*seen, __name__, __file__, sys.flags.optimize]))
"""


@pytest.mark.parametrize("command", [["inner/program.py", "a", "-m"], ["-O", "-m", "inner.program", "b"]])
def test_supervised_program_runs_as_if_it_were_started_directly(tmp_path: Path, command: list[str]) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "program.py").write_text(PROGRAM)
    options, program = restart.split_command(["python", *command])
    alone = [sys.executable, *command]
    supervised = [sys.executable, *options, restart.__file__, *program]
    outputs = [
        subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
        for words in (alone, supervised)
    ]
    assert outputs[0] == outputs[1]


def test_describe_names_the_line_of_the_site_not_of_the_library(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("import json\n\njson.loads('')\n")
    code = (
        "import sys; sys.path[:0] = [%r, %r]\nfrom discovery import restart\n"
        "try:\n    import broken\nexcept ValueError as error:\n    print(restart.describe(error))"
    )
    output = subprocess.run(
        [sys.executable, "-c", code % (str(Path(restart.__file__).parents[1]), str(tmp_path))],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert output.startswith("JSONDecodeError: Expecting value")
    assert output.endswith(f"({tmp_path / 'broken.py'}, line 3)\n")
