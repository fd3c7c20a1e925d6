"""A progress bar for transfers, on standard error if it is a terminal."""

from __future__ import annotations

from contextlib import contextmanager

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from projects.client.context import Context


@contextmanager
def shown(context: Context, text: str, total: int) -> Iterator[Callable[[int], object] | None]:
    """Draw a bar of `total` bytes; yield a function that advances it by bytes, None if there is no terminal."""
    stream = context.stderr
    if stream is None or not stream.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeElapsedColumn())
    console = Console(file=stream)  # type: ignore[arg-type]  # it only writes and flushes
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(f"{text}: sending", total=total)

        def advance(size: int) -> None:
            progress.update(task, advance=size)
            if progress.tasks[0].finished:
                # The server processes the file and sends nothing until it is done.
                progress.update(task, description=f"{text}: processing", total=None)

        yield advance
