"""Write objects and refs of a store without starting git, which would take longer than the rest of a commit.

Formats: git's "loose objects" and gitrepository-layout(5). The caller holds the lock of the store.
"""

from __future__ import annotations

import hashlib
import os
import zlib

from projects.sync.git_objects import parse_tree

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from projects.sync.git_objects import ObjectReader

    # What to do with the entries of a folder: new content, None to remove, or the same for a folder in it.
    Changes = dict[str, "bytes | Changes | None"]

FILE, FOLDER = "100644", "40000"
MAX_TREE = 1 << 20  # bytes
LEVEL = 1  # of compression: a segment is small, and packing compresses it again


class ObjectWriter:
    """Writes objects into the object directory of the store at `path`."""

    def __init__(self, path: str, object_format: str) -> None:
        self._path = path
        self._format = object_format

    def commit(
        self, reader: ObjectReader, parent: str | None, files: Mapping[str, bytes | None], author: str, message: bytes
    ) -> str:
        """Return a new commit that changes `files` of `parent`; None removes a file."""
        changes: Changes = {}
        for path, content in files.items():
            *folders, name = path.split("/")
            folder = changes
            for part in folders:
                below = folder.setdefault(part, {})
                if not isinstance(below, dict):
                    raise ValueError(f"both a file and a folder: {path}")
                folder = below
            folder[name] = content
        tree = self._tree(reader, f"{parent}^{{tree}}" if parent else None, changes) or self._write("tree", b"")
        return self.commit_tree(tree, parent, author, message)

    def commit_tree(self, tree: str, parent: str | None, author: str, message: bytes) -> str:
        """Return a new commit of a tree."""
        parents = f"parent {parent}\n" if parent else ""
        head = f"tree {tree}\n{parents}author {author}\ncommitter {author}\n\n"
        return self._write("commit", head.encode() + message)

    def set_ref(self, name: str, object_id: str) -> None:
        """Let a ref name an object."""
        path = os.path.join(self._path, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(f"{path}.lock", "w") as file:
            file.write(f"{object_id}\n")
        os.rename(f"{path}.lock", path)

    def _tree(self, reader: ObjectReader, name: str | None, changes: Changes) -> str | None:
        """Return the changed folder, None if nothing is left in it."""
        entries = {
            entry: (mode, object_id)
            for entry, mode, object_id in (
                parse_tree(reader.read(name, "tree", MAX_TREE), reader.id_size) if name else ()
            )
        }
        for entry, change in changes.items():
            if isinstance(change, dict):
                mode, before = entries.get(entry, ("", None))
                below = self._tree(reader, before if mode == FOLDER else None, change)
                found = (FOLDER, below) if below else None
            else:
                found = None if change is None else (FILE, self._write("blob", change))
            if found:
                entries[entry] = found
            else:
                entries.pop(entry, None)
        if not entries:
            return None
        # git sorts a folder as if its name ended with a slash.
        names = sorted(entries, key=lambda entry: f"{entry}/" if entries[entry][0] == FOLDER else entry)
        return self._write(
            "tree", b"".join(f"{entries[one][0]} {one}\0".encode() + bytes.fromhex(entries[one][1]) for one in names)
        )

    def _write(self, kind: str, content: bytes) -> str:
        data = f"{kind} {len(content)}\0".encode() + content
        object_id = hashlib.new(self._format, data, usedforsecurity=False).hexdigest()
        folder = os.path.join(self._path, "objects", object_id[:2])
        path = os.path.join(folder, object_id[2:])
        if os.path.exists(path):
            return object_id
        os.makedirs(folder, exist_ok=True)
        temporary = os.path.join(folder, f"tmp_obj_{os.urandom(6).hex()}")
        fileno = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o444)
        try:
            with os.fdopen(fileno, "wb") as file:
                file.write(zlib.compress(data, LEVEL))
            os.rename(temporary, path)
        except BaseException:
            os.unlink(temporary)
            raise
        return object_id
