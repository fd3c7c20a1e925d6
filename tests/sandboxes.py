"""Surroundings in which the system refuses connections, processes or threads; real ones."""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import resource
import shutil
import struct
import subprocess
import sys
from collections.abc import Callable

import pytest

PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP = 24, 38, 22
SYSCALLS = {
    "x86_64": {"socket": 41, "connect": 42, "accept4": 288},
    "aarch64": {"socket": 198, "connect": 203, "accept4": 242},
}
NAMESPACE = ["unshare", "--map-root-user", "--net"]
RAISE_LOOPBACK = """
import fcntl, os, socket, struct, sys
with socket.socket() as any_socket:
    fcntl.ioctl(any_socket, 0x8914, struct.pack("16sh", b"lo", 0x41))  # SIOCSIFFLAGS, IFF_UP | IFF_RUNNING
os.execv(sys.argv[1], sys.argv[1:])
"""


def new_network(*, loopback: bool) -> list[str]:
    """Return what to put before a command to run it in a network namespace of its own."""
    if not shutil.which("unshare"):
        pytest.skip("unshare is not installed")
    tried = subprocess.run([*NAMESPACE, "true"], capture_output=True, text=True, check=False)
    if tried.returncode:
        pytest.skip(f"no network namespace can be made here: {tried.stderr.strip()}")
    return [*NAMESPACE, *([sys.executable, "-c", RAISE_LOOPBACK] if loopback else [])]


def refusing(call: str) -> Callable[[], None]:
    """Return a `preexec_fn` after which the system call fails with EPERM, by a seccomp filter, in children too."""
    number = SYSCALLS.get(platform.machine(), {}).get(call)
    if sys.platform != "linux" or number is None:
        pytest.skip(f"the number of {call}() is not known for {sys.platform} on {platform.machine()}")
    filters = [
        struct.pack("=HBBI", 0x20, 0, 0, 0),  # load the number of the call
        struct.pack("=HBBI", 0x15, 0, 1, number),  # is it this one?
        struct.pack("=HBBI", 0x06, 0, 0, 0x00050000 | errno.EPERM),  # SECCOMP_RET_ERRNO
        struct.pack("=HBBI", 0x06, 0, 0, 0x7FFF0000),  # SECCOMP_RET_ALLOW
    ]
    code = ctypes.create_string_buffer(b"".join(filters))
    libc = ctypes.CDLL(None)

    def install() -> None:
        program = ctypes.create_string_buffer(struct.pack("@HP", len(filters), ctypes.addressof(code)))
        libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        if libc.prctl(PR_SET_SECCOMP, 2, program, 0, 0):
            os._exit(77)

    return install


def with_processes(limit: int) -> Callable[[], None]:
    """Return a `preexec_fn` after which there can be so many processes and threads, this one among them."""

    def take_user() -> None:
        libc = ctypes.CDLL(None)
        for capability in (21, 24):  # CAP_SYS_ADMIN, CAP_SYS_RESOURCE: who has them has no limit
            libc.prctl(PR_CAPBSET_DROP, capability)
        resource.setrlimit(resource.RLIMIT_NPROC, (limit, limit))
        # They are counted by the real user: this one has no others.
        os.setresuid(1_000_000 + os.getpid(), 0, 0)

    if os.geteuid() != 0:
        pytest.skip("only root can become a user without other processes")
    return take_user
