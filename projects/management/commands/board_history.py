from __future__ import annotations

import json
import sys

from django.core.management import CommandError, CommandParser, call_command
from django.core.serializers.json import DjangoJSONEncoder

from projects.loose_types import Framework
from projects.management.plain_errors import PlainErrors
from projects.models.exceptions import Refused
from projects.transfer import export, history, history_import
from projects.transfer.exceptions import BadFile


class Command(PlainErrors):
    help = "Write the board with its history to a file, or fill an empty board with one, without a server."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("act", choices=("state", "export", "load"), help="describe the board, write it, or fill it")
        parser.add_argument("file", nargs="?", help="file with lines of JSON")
        parser.add_argument("--plain", metavar="FILE", help="also write what pm sync export writes")

    def handle(self, *args: Framework, act: str, file: str | None, plain: str | None, **options: Framework) -> None:
        if (file is None) != (act == "state"):
            raise CommandError("export and load need a file; state takes none")
        call_command("migrate", verbosity=0, stdout=sys.stderr)
        try:
            answer = self._run(act, file or "")
        except BadFile as error:
            raise CommandError(str(error)) from None
        except Refused as error:
            raise CommandError(str(error)) from None
        except OSError as error:
            raise CommandError(f"{error.filename}: {error.strerror}") from None
        if plain is not None:
            with open(plain, "xb") as target:
                export.write(target)
        self.stdout.write(json.dumps(answer, cls=DjangoJSONEncoder))

    def _run(self, act: str, file: str) -> dict[str, Framework]:
        if act == "state":
            return history_import.state()
        if act == "export":
            with open(file, "xb") as target:
                return {"end": history.write(target)}
        with open(file, "rb") as source:
            return history_import.read(source, actor="")
