from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command

from projects.management.commands.board_history import Command


def test_error_begins_with_error_in_a_shell_and_is_an_exception_elsewhere() -> None:
    command = Command()
    with pytest.raises(CommandError, match="need a file"):
        call_command(command, "export")
    command.is_in_shell = True
    with pytest.raises(SystemExit) as caught:
        call_command(command, "export")
    assert str(caught.value).startswith("error: export and load need a file")
