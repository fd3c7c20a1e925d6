"""Progress of transfers and of long requests, on standard error if it is a terminal."""

from __future__ import annotations

from contextlib import contextmanager

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from projects.client.context import Context

PAUSE = 1.0  # seconds before a count is shown, and between two counts


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


@contextmanager
def followed(
    context: Context, text: str, count: Callable[[], tuple[str, int, int]], pause: float = PAUSE / 2
) -> Iterator[None]:
    """Draw a bar of what `count` returns while something takes long, if there is a terminal.

    It returns the step, how much of it is done, and of how much; the bar only moves while that is 0.
    """
    stream = context.stderr
    if stream is None or not stream.isatty():
        yield
        return
    import threading

    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

    from projects.client.errors import ClientError

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    console = Console(file=stream)  # type: ignore[arg-type]  # it only writes and flushes
    over = threading.Event()
    with Progress(*columns, console=console, transient=True) as progress:
        task, current = progress.add_task(text, total=None), ""

        def follow() -> None:
            nonlocal task, current
            while not over.wait(pause):
                try:
                    step, done, total = count()
                except ClientError:
                    continue
                if step != current:
                    progress.remove_task(task)
                    task, current = progress.add_task(f"{text}: {step}", total=total or None), step
                progress.update(task, completed=done)

        thread = threading.Thread(target=follow, daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join(PAUSE)


@contextmanager
def counted(context: Context, text: str, count: Callable[[], int], pause: float = PAUSE) -> Iterator[None]:
    """Show what `count` returns while something takes long; it is called in a thread, and may raise ClientError."""
    stream = context.stderr
    if stream is None or not stream.isatty():
        yield
        return
    import threading

    from projects.client.errors import ClientError

    over, shown_once = threading.Event(), []

    def follow() -> None:
        while not over.wait(pause):
            try:
                line = f"\r{text}: {count():,}"
            except ClientError:
                continue
            shown_once.append(line)
            stream.write(line)
            stream.flush()

    thread = threading.Thread(target=follow, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(pause)
        if shown_once:
            stream.write("\r\x1b[K")
            stream.flush()
