"""File systems that lack something: real mounts, and libraries that make the system's calls behave as theirs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.processes import CHECKOUT, environment

# glibc and x86-64 or aarch64: `struct stat` is read by its own header.
HEAD = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <stdio.h>
#define REAL(name) dlsym(RTLD_NEXT, name)
"""
# What stat says of everything but links: WSL's /mnt/c, SMB and exFAT show one mode, and chmod changes nothing.
MODES = (
    HEAD
    + """
#define SHOW(s) if (!S_ISLNK((s)->st_mode)) (s)->st_mode = ((s)->st_mode & ~0777) | MODE
#define LIKE(name, kind, type) \\
  int name(kind a, struct type *s) { int e = ((int (*)(kind, void *))REAL(#name))(a, s); SHOW(s); return e; }
#define LIKE_AT(name, type) \\
  int name(int d, const char *p, struct type *s, int f) { \\
    int e = ((int (*)(int, const char *, void *, int))REAL(#name))(d, p, s, f); SHOW(s); return e; }
LIKE(fstat, int, stat) LIKE(stat, const char *, stat) LIKE(lstat, const char *, stat) LIKE_AT(fstatat, stat)
LIKE(fstat64, int, stat64) LIKE(stat64, const char *, stat64) LIKE(lstat64, const char *, stat64)
LIKE_AT(fstatat64, stat64)
int chmod(const char *p, mode_t m) { return 0; }
int fchmod(int d, mode_t m) { return 0; }
int fchmodat(int d, const char *p, mode_t m, int f) { return 0; }
"""
)
NO_LINKS = "int link(const char *a, const char *b) { errno = EPERM; return -1; }\n"
NO_LINKS += "int linkat(int a, const char *b, int c, const char *d, int e) { errno = EPERM; return -1; }\n"
OPEN_TO_ALL = f"#define MODE 0777\n{MODES}"
FAT = f"#define MODE 0700\n{MODES}{NO_LINKS}"  # mounted for one user: private, without modes and hard links
NO_FLOCK = HEAD + "int flock(int d, int how) { errno = ERROR; return -1; }\n"
# A mapping of a file is refused where its path ends with SUFFIX: FUSE with direct_io refuses every one.
NO_SHARED_MEMORY = (
    HEAD
    + """
static int refused(int d, int flags) {
  char link[64], path[4096]; ssize_t n;
  if (d < 0 || !(flags & MAP_SHARED)) return 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", d);
  if ((n = readlink(link, path, sizeof path - 1)) < 0) return 0;
  path[n] = 0;
  return n >= sizeof SUFFIX - 1 && !strcmp(path + n - (sizeof SUFFIX - 1), SUFFIX);
}
void *mmap(void *a, size_t l, int p, int f, int d, off_t o) {
  if (refused(d, f)) { errno = ENODEV; return MAP_FAILED; }
  return ((void *(*)(void *, size_t, int, int, int, off_t))REAL("mmap"))(a, l, p, f, d, o); }
void *mmap64(void *a, size_t l, int p, int f, int d, off64_t o) { return mmap(a, l, p, f, d, o); }
"""
)

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to mount and to act as other users")


def shim(folder: Path, source: str, **defines: str) -> str:
    """Compile a library for LD_PRELOAD, and return its path; skip the test if that is not possible here."""
    if shutil.which("gcc") is None or not sys.platform.startswith("linux"):
        pytest.skip("needs gcc and Linux, to make a file system that lacks something")
    path = folder / "shim.so"
    flags = [f"-D{name}={value}" for name, value in defines.items()]
    command = ["gcc", "-w", "-shared", "-fPIC", "-fno-builtin", *flags, "-o", str(path), "-xc", "-", "-ldl"]
    subprocess.run(command, input=source, text=True, check=True)
    return str(path)


def in_mounts(script: str, *arguments: object, **env: str) -> subprocess.CompletedProcess[str]:
    """Run a shell script in a mount namespace of its own: what it mounts ends with it."""
    command = ["unshare", "--mount", "bash", "-euc", script, "bash", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, env=environment(**env), check=False)


def interpreter_for_others() -> str:
    """Return a Python that every user can run; skip the test if this one and the system's are both root's own."""
    for path in (os.path.realpath(sys.executable), "/usr/bin/python3"):
        code = "import sys; assert sys.version_info >= (3, 11); import projects.storage"
        done = subprocess.run([*as_user(12345), path, "-c", code], cwd=CHECKOUT, capture_output=True, check=False)
        if done.returncode == 0:
            return path
    pytest.skip("needs a Python and a checkout that other users can read")


def as_user(uid: int) -> list[str]:
    """Return the beginning of a command that runs as `uid`, without capabilities."""
    return ["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups"]
