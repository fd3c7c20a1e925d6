"""Find the modules of an installed pm with half the system calls that Python's own finder makes.

A call of `pm` loads about 25 small modules, and finding one takes as long as running it. Whatever is unusual, such as a
source without bytecode or newer than it, is left to Python.
"""

from __future__ import annotations

import marshal
import posix
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ExtensionFileLoader, ModuleSpec, SourceFileLoader
    from types import CodeType, ModuleType
else:  # importing `importlib` takes longer than this saves; its two halves are loaded already
    ModuleSpec = sys.modules["_frozen_importlib"].ModuleSpec
    ExtensionFileLoader = sys.modules["_frozen_importlib_external"].ExtensionFileLoader
    SourceFileLoader = sys.modules["_frozen_importlib_external"].SourceFileLoader

TOPS = ("projects", "discovery")
# Extension modules of the standard library on the hot path: Python would list three directories to find them.
EXTENSIONS = tuple({"_json", "_socket", "fcntl"}.difference(sys.builtin_module_names))
MAX_BYTES = 1 << 15  # of bytecode; a larger buffer would be mapped and unmapped each time
_SUFFIX: str = sys.modules["_imp"].extension_suffixes()[0]
# The head of bytecode that is valid for one time of its source: PEP 552.
HEAD: bytes = sys.modules["_frozen_importlib_external"].MAGIC_NUMBER + bytes(4)


class Loader(SourceFileLoader):
    """A loader that has the bytecode already."""

    def __init__(self, name: str, path: str, content: bytes) -> None:
        super().__init__(name, path)
        self.content = content

    def get_code(self, fullname: str) -> CodeType:
        code: CodeType = marshal.loads(memoryview(self.content)[16:])  # noqa: S302 -- as importlib
        return code


class ModuleFinder:
    """A finder for `sys.meta_path`; `packages` is the folder with the packages of pm."""

    def __init__(self, packages: str) -> None:
        self.packages = packages

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return how to load a module; None leaves it to the next finder."""
        if name in EXTENSIONS:
            return _extension(name)
        if name.partition(".")[0] not in TOPS:
            return None
        base = f"{self.packages}/{name.replace('.', '/')}"
        folder, _, last = base.rpartition("/")
        return _spec(name, folder, last) or _spec(name, base, "__init__")


def install(packages: str) -> None:
    """Use the finder for the modules of pm."""
    sys.meta_path.insert(0, ModuleFinder(packages))


def _spec(name: str, folder: str, file: str) -> ModuleSpec | None:
    cached = f"{folder}/__pycache__/{file}.{sys.implementation.cache_tag}.pyc"
    source = f"{folder}/{file}.py"
    try:
        content = _read(cached)
        status = posix.stat(source)
    except OSError:
        return None
    stamp = int(status.st_mtime).to_bytes(8, "little")[:4] + status.st_size.to_bytes(8, "little")[:4]
    if len(content) == MAX_BYTES or not content.startswith(HEAD + stamp):
        return None
    spec = ModuleSpec(name, Loader(name, source, content), origin=source, is_package=file == "__init__")
    if spec.submodule_search_locations is not None:
        spec.submodule_search_locations.append(folder)
    spec.cached = cached
    spec.has_location = True
    return spec


def _extension(name: str) -> ModuleSpec | None:
    folder = next((path for path in sys.path if path.endswith("/lib-dynload")), "")
    path = f"{folder}/{name}{_SUFFIX}"
    try:
        posix.stat(path)
    except OSError:
        return None
    spec = ModuleSpec(name, ExtensionFileLoader(name, path), origin=path)
    spec.has_location = True
    return spec


def _read(path: str) -> bytes:
    fileno = posix.open(path, posix.O_RDONLY | posix.O_CLOEXEC)
    try:
        return posix.read(fileno, MAX_BYTES)
    finally:
        posix.close(fileno)
