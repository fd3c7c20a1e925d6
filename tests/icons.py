"""Write projects/web/static/pm/icons.svg from the SVG files of Lucide (https://lucide.dev), one symbol a line.

python -m tests.icons FOLDER [NAME ...]    the icons that the sprite has, and these; FOLDER is Lucide's icons/
To remove one, delete its line.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from projects.web import icons

HEAD = '<svg xmlns="http://www.w3.org/2000/svg">\n<!-- Lucide, https://lucide.dev; see icons-license.txt -->\n'


def symbol(name: str, source: str) -> str:
    """Return an SVG file of Lucide as a symbol, without blanks between the elements."""
    shapes = re.search(r"<svg[^>]*>(.*)</svg>", source, re.S)
    assert shapes, name
    inner = re.sub(r"\s*(/?>)\s*", r"\1", re.sub(r"\s+", " ", shapes[1])).strip()
    return f'<symbol id="{name}" viewBox="0 0 24 24">{inner}</symbol>\n'


def main(folder: str, *added: str) -> None:
    known = icons.names() if icons.SPRITE.exists() else frozenset()
    names = sorted({*known, *added})
    symbols = [symbol(name, (Path(folder) / f"{name}.svg").read_text("utf-8")) for name in names]
    icons.SPRITE.write_text(f"{HEAD}{''.join(symbols)}</svg>\n", "utf-8")
    print(f"{len(names)} icons, {icons.SPRITE.stat().st_size} bytes")


if __name__ == "__main__":
    main(*sys.argv[1:])
