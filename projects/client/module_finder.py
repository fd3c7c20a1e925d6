"""Find and load the modules of an installed pm in half of the time that Python's own import takes.

A call of `pm` loads about 25 small modules, and finding one takes as long as running it. Whatever is unusual, such as a
source without bytecode or newer than it, is left to Python.
"""

import gc
import marshal
import posix
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ExtensionFileLoader, ModuleSpec, SourceFileLoader
    from types import CodeType, ModuleType
    from typing import NoReturn
else:  # importing `importlib` takes longer than this saves; its two halves are loaded already
    ModuleSpec = sys.modules["_frozen_importlib"].ModuleSpec
    ExtensionFileLoader = sys.modules["_frozen_importlib_external"].ExtensionFileLoader
    SourceFileLoader = sys.modules["_frozen_importlib_external"].SourceFileLoader
    ModuleType = type(sys)

TOPS = ("projects", "discovery")
# Modules of the standard library on the hot path: Python would list three directories to find them.
EXTENSIONS = tuple({"_json", "_socket", "fcntl", "select"}.difference(sys.builtin_module_names))
SOURCES = ("__future__",)
# What nearly every command loads, without importlib's locks and search, when the key is first imported: each module
# after those that it imports itself.
TOGETHER = {
    "projects.client.cli": (
        "projects.client.errors",
        "projects.client.vocabulary",
        "projects.client.argv",
        "projects.client.grammar",
        "discovery",
        "discovery.quickjson",
        "projects.client.render",
    ),
    "projects.client.commands": (
        "projects.client.http",
        "projects.version",
        "projects.client.api",
        "projects.entities",
        "projects.entities.spec",
        "projects.client.resource",
        "discovery.safe_files",
        "projects.workspace",
        "discovery.lock",
        "discovery.process",
        "discovery.portfile",
        "projects.client.resolution",
        "projects.client.identity",
        "projects.client.context",
    ),
}
MAX_BYTES = 1 << 15  # of bytecode; a larger buffer would be mapped and unmapped each time
_SUFFIX: str = sys.modules["_imp"].extension_suffixes()[0]
# The head of bytecode that is valid for one time of its source: PEP 552.
HEAD: bytes = sys.modules["_frozen_importlib_external"].MAGIC_NUMBER + bytes(4)


class Loader(SourceFileLoader):
    """A loader that has the bytecode already."""

    def __init__(self, name: str, path: str, content: bytes) -> None:
        super().__init__(name, path)
        self.content = content

    def get_code(self, fullname: str) -> "CodeType":
        code: CodeType = marshal.loads(memoryview(self.content)[16:])  # noqa: S302 -- as importlib
        return code


class ModuleFinder:
    """A finder for `sys.meta_path`; `packages` is the folder with the packages of pm."""

    def __init__(self, packages: str) -> None:
        self.packages = packages

    def find_spec(
        self, name: str, path: "Sequence[str] | None" = None, target: "ModuleType | None" = None
    ) -> "ModuleSpec | None":
        """Return how to load a module; None leaves it to the next finder."""
        if name.partition(".")[0] not in TOPS:
            if name in EXTENSIONS:
                return _extension(name)
            return _spec(name, _dynload().removesuffix("/lib-dynload"), name) if name in SOURCES else None
        if name in TOGETHER:
            for each in TOGETHER[name]:
                self._load(each)
        return self._find(name)

    def _find(self, name: str) -> "ModuleSpec | None":
        base = f"{self.packages}/{name.replace('.', '/')}"
        folder, _, last = base.rpartition("/")
        return _spec(name, folder, last) or _spec(name, base, "__init__")

    def _load(self, name: str) -> None:
        """Load a module as importlib would, which is left to load what is unusual."""
        parent, _, last = name.rpartition(".")
        if name in sys.modules or (parent and parent not in sys.modules):
            return
        spec = self._find(name)
        if spec is None or not isinstance(spec.loader, Loader):
            return
        module = sys.modules[name] = ModuleType(name)
        module.__dict__.update(__spec__=spec, __loader__=spec.loader, __package__=spec.parent)
        module.__dict__.update(__file__=spec.origin, __cached__=spec.cached)
        if spec.submodule_search_locations is not None:
            module.__path__ = spec.submodule_search_locations
        try:
            exec(spec.loader.get_code(name), module.__dict__)  # noqa: S102 -- as importlib
        except BaseException:
            del sys.modules[name]
            raise
        if parent:
            setattr(sys.modules[parent], last, module)


def install(packages: str) -> None:
    """Use the finder for the modules of pm."""
    sys.meta_path.insert(0, ModuleFinder(packages))


def run(packages: str) -> "NoReturn":
    """Run the command line with the modules in the folder `packages`."""
    gc.disable()  # cli.main says why
    install(packages)
    sys.path[0] = packages  # ahead of a `projects` in PYTHONPATH
    from projects.client.cli import main

    main(sys.argv[1:])


def _spec(name: str, folder: str, file: str) -> "ModuleSpec | None":
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


def _extension(name: str) -> "ModuleSpec | None":
    path = f"{_dynload()}/{name}{_SUFFIX}"
    try:
        posix.stat(path)
    except OSError:
        return None
    spec = ModuleSpec(name, ExtensionFileLoader(name, path), origin=path)
    spec.has_location = True
    return spec


def _dynload() -> str:
    """Return the folder of the standard library's extension modules."""
    return next((path for path in sys.path if path.endswith("/lib-dynload")), "")


def _read(path: str) -> bytes:
    fileno = posix.open(path, posix.O_RDONLY | posix.O_CLOEXEC)
    try:
        return posix.read(fileno, MAX_BYTES)
    finally:
        posix.close(fileno)
