"""Places that processes, namespaces, limits and service managers make."""

from __future__ import annotations

import os
import re
import resource
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.processes import DEADLINE, environment
from tests.torture.place import PM, Place, needs, needs_root, possible

# CPython's own traceback where a function in C ran out of memory without saying so.
UNREPORTED = re.compile(
    r"^Traceback \(most recent call last\):\n(?: .*\n)*SystemError: error return without exception set\n", re.MULTILINE
)


def _service(here: Place) -> None:
    """Start as a service manager does: no environment, no PATH, folder /, standard input closed."""
    bare = ("env", "-i", PM, f"--config-dir={here.config}")
    here.pm("server", "start", command=bare, cwd=Path("/"), preexec=lambda: os.close(0)).document()
    here.begin()
    here.add("by a service", command=bare, cwd=Path("/")).document()
    here.pm("server", "stop", command=bare, cwd=Path("/")).document()


def _sockets_and_notify(here: Place) -> None:
    """Leave the variables of a service manager's socket activation in the environment: they are others'."""
    handed = ("sh", "-c", 'LISTEN_FDS=1 LISTEN_FDNAMES=x LISTEN_PID=$$ exec "$@"', "sh", PM)
    here.pm("server", "start", command=handed, NOTIFY_SOCKET="/nowhere", WATCHDOG_USEC="1000").document()
    here.begin()
    assert here.pm("server", "status").document()["server"]["host"] == "127.0.0.1"


def _not_reaped(here: Place) -> None:
    """Start in a PID namespace whose first process reaps nobody, as many containers': a stopped server is a zombie."""
    inside = possible("unshare", "--pid", "--fork", "--kill-child", "--mount-proc")
    script = f"""
import subprocess, sys
def pm(*arguments):
    done = subprocess.run([{PM!r}, *arguments], capture_output=True, text=True)
    print(done.returncode, done.stderr.strip().replace("\\n", " "), flush=True)
pm("server", "start")
pm("project", "create", "--key", "PLACE", "--title", "Known")
pm("work-item", "create", "--project", "PLACE", "--type", "task", "--title", "in the container")
pm("server", "stop")
pm("server", "start")
pm("server", "stop", "--force")
pm("server", "status")
pm("server", "start")
"""
    answer = here.run(*inside, sys.executable, "-c", script)
    codes = [line.split()[0] for line in answer.out.splitlines()]
    assert codes == ["0", "0", "0", "0", "0", "0", "3", "0"], answer.out + answer.err
    here.promised.add("in the container")


def _only_ipv6(here: Place) -> None:
    """Have a loopback with ::1 alone: said clearly, and served when that address is asked for."""
    inside = possible("unshare", "--net")
    needs("ip")
    script = 'ip link set lo up && ip addr del 127.0.0.1/8 dev lo; exec "$@"'
    command = (*inside, "sh", "-c", script, "sh")
    assert here.pm("server", "start", command=(*command, PM)).message().endswith("--host ::1")
    steps = f"{PM} server start --host ::1 && {PM} project create --key PLACE --title x && {PM} server stop"
    answer = here.run(*command, "sh", "-c", steps)
    assert answer.code == 0, answer.err
    here.add("after", command=(PM, "--start")).document()


def _no_resolver(here: Place) -> None:
    """Let no name be known, localhost included."""
    needs_root()
    empty = here.scratch / "empty"
    empty.touch()
    hide = 'mount --bind "$0" /etc/hosts; mount --bind "$0" /etc/resolv.conf; exec "$@"'
    hidden = (*possible("unshare", "--mount"), "sh", "-c", hide, str(empty))
    here.pm("server", "start", command=(*hidden, PM)).document()
    here.begin()
    here.add("unresolved", command=(*hidden, PM)).document()
    url = f"http://localhost:{here.pm('server', 'status').document()['server']['port']}"
    here.pm("--server", url, "project", "list", command=(*hidden, PM))
    here.stop()
    here.pm("server", "start", "--host", "localhost", command=(*hidden, PM))


def _inherited_signals(here: Place) -> None:
    """Inherit TERM and CHLD blocked and CHLD ignored, as clumsy launchers leave them: the server can be stopped."""

    def block() -> None:
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_BLOCK, set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP})

    here.pm("server", "start", preexec=block).document()
    here.begin()
    here.add("blocked", preexec=block).document()
    here.pm("server", "stop").document()
    here.pm("doctor", preexec=block)
    here.pm("sync", "hooks", "uninstall", preexec=block).document()


def _hung_up(here: Place) -> None:
    """Start in a terminal that hangs up at once: the background server stays."""
    needs("script")
    done = subprocess.run(
        ["script", "-qec", f"{PM} server start; kill -HUP $$", "/dev/null"],
        cwd=here.directory,
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=2 * DEADLINE,
        check=False,
    )
    assert b"Traceback" not in done.stdout, done.stdout
    here.pm("server", "status").document()
    here.begin()


def _clocks(here: Place) -> None:
    """Start in 1971 and in 2040, and go on today."""
    needs("faketime")
    for date in ("1971-02-03 04:05:06", "2040-02-03 04:05:06", "2100-01-01 00:00:00"):
        past = ("faketime", "-f", f"@{date}", PM)
        here.pm("server", "start", command=past).document()
        if not here.promised:
            here.begin()
        here.add(f"in {date}", command=past).document()
        here.add(f"from today, {date}").document()
        here.stop()


def _limits(here: Place) -> None:
    """Start under one small limit after the other: each start works or says why, and a later one works."""
    here.begin()
    here.stop()
    for kind, size in (
        (resource.RLIMIT_NOFILE, 16),
        (resource.RLIMIT_NOFILE, 40),
        (resource.RLIMIT_FSIZE, 4096),
        (resource.RLIMIT_AS, 60 << 20),
        (resource.RLIMIT_AS, 150 << 20),
        (resource.RLIMIT_STACK, 256 << 10),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_MEMLOCK, 0),
    ):

        def limit(kind: int = kind, size: int = size) -> None:
            resource.setrlimit(kind, (size, size))

        answer = here.pm("server", "start", preexec=limit)
        if answer.code not in (0, -signal.SIGSEGV):  # Python itself needs more
            answer.message()
        here.add(f"limit {kind} of {size}", preexec=limit)
        here.stop()
    log = here.config / "server.log"
    log.write_text(UNREPORTED.sub("", log.read_text(errors="replace")))


def _two_containers(here: Place) -> None:
    """Write from two PID namespaces with other mounts at the same board: one server, and one board."""
    inside = possible("unshare", "--pid", "--fork", "--kill-child", "--mount-proc", "--mount", "--uts", "--ipc")
    here.begin()
    first = here.pm("server", "status").document()["server"]["instance_id"]
    answer = here.pm("server", "start", command=(*inside, PM)).document()
    assert answer["server"]["instance_id"] == first
    here.add("from a container", command=(*inside, PM)).document()


def _homeless(here: Place) -> None:
    """Let HOME be a file, and XDG_* unwritable: what is only convenience is left out."""
    file = here.scratch / "file"
    file.touch()
    nowhere = dict.fromkeys(("XDG_RUNTIME_DIR", "XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"), "/proc/nowhere")
    hard = {"HOME": str(file), "TMPDIR": "/nowhere", **nowhere}
    here.begin(**hard)
    here.add("homeless", **hard).document()
    here.pm("server", "list", **hard)
    here.pm("doctor", **hard)
    here.pm("backup", **hard).document()
    here.stop(**hard)


def _full_output(here: Place) -> None:
    """Write answers to a full device and a closed pipe: the command fails, and what it did is done."""
    here.begin()
    words = "work-item create --project PLACE --type task --title"
    full = here.run("sh", "-c", f"{PM} {words} full >/dev/full")
    assert full.code == 1, (full.code, full.err)
    here.run("sh", "-c", f"{PM} {words} closed >&-")
    here.run("sh", "-c", f"{PM} {words} deaf >/dev/full 2>/dev/full")
    here.run("bash", "-c", f"{PM} {words} piped | true; exit ${{PIPESTATUS[0]}}")
    here.promised |= {"full", "closed", "deaf", "piped"}


def _user_namespace(here: Place) -> None:
    """Be root of a user namespace, as in rootless containers: chown and the like are refused by the kernel."""
    inside = (*possible("unshare", "--user", "--map-root-user"), PM)
    here.begin()
    here.add("from the namespace", command=inside).document()
    here.pm("server", "stop", command=inside).document()
    here.pm("server", "start", command=inside).document()
    here.add("server in the namespace").document()
    here.pm("doctor", command=inside)


SCENES: dict[str, Callable[[Place], None]] = {
    "service manager: env -i, folder /, no input": _service,
    "LISTEN_FDS and NOTIFY_SOCKET": _sockets_and_notify,
    "container whose init reaps nobody": _not_reaped,
    "IPv6 loopback only": _only_ipv6,
    "resolver without localhost": _no_resolver,
    "SIGTERM blocked, SIGCHLD ignored": _inherited_signals,
    "terminal that hangs up": _hung_up,
    "clocks of 1971, 2040 and 2100": _clocks,
    "limits of files, size, memory and stack": _limits,
    "two PID, mount, UTS and IPC namespaces": _two_containers,
    "HOME a file, XDG_* and TMPDIR nowhere": _homeless,
    "full, closed and broken output": _full_output,
    "root of a user namespace": _user_namespace,
}
