"""Watch the files that Django's autoreloader watches."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from discovery.django_private import BaseReloader, autoreload_started, file_changed, iter_all_python_module_files

if TYPE_CHECKING:
    from discovery.restart import Signature


class FileWatch(BaseReloader):
    """The files of Django's signals and this process's modules, and which of them have changed.

    A module that is imported after the first check does not count as changed.
    """

    def __init__(self, sign: Callable[[Iterable[str]], dict[str, Signature]], *, modules: bool) -> None:
        """`sign` returns the state of files; see `discovery.restart`."""
        super().__init__()
        self.sign = sign
        self.modules = modules
        self.named: set[str] = set()  # by a module or a receiver, not by a pattern
        autoreload_started.send_robust(sender=self)
        self.seen = self.signatures()

    def signatures(self) -> dict[str, Signature]:
        """Return the state of all watched files."""
        self.named.update(map(str, self.extra_files))
        if self.modules:
            self.named.update(map(str, iter_all_python_module_files()))
        matched: set[str] = set()
        for folder, patterns in self.directory_globs.items():
            for pattern in patterns:
                with contextlib.suppress(OSError):
                    matched.update(map(str, folder.glob(pattern)))
        return self.sign(self.named | matched)

    def changes(self) -> dict[str, bool]:
        """Return the files that changed since the last check: True for edited files, False for new or deleted ones."""
        before, now = self.seen, self.signatures()
        # A file may be missing for a moment while an editor replaces it.
        self.seen = {path: state for path, state in before.items() if path in self.named} | now
        changed = {path for path, _ in before.items() ^ self.seen.items()}
        return {path: path in before and path in now for path in changed if path in before or path not in self.named}

    def is_handled(self, path: str) -> bool:
        """Send Django's `file_changed`; return True if a receiver handles the change without a restart."""
        answers = file_changed.send_robust(sender=self, file_path=Path(path))
        return any(answer and not isinstance(answer, Exception) for _, answer in answers)
