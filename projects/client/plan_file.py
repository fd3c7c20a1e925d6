"""Read the plan of `pm plan`: JSON, or lines of titles.

    project: PONE
    sprint: Sprint 1

    # An item is a line, and stands below the item that is indented less. Markers of
    # Markdown lists (`- `, `1. `, `- [ ] `) are no part of the title; `- [x] ` is done.
    Checkout
      Pay by card {ref=card points=3 labels=ui,api}
        > A line of its description.
      Send a receipt {type=bug needs=card,PONE-3}

The words in braces are fields of the item, as in JSON: `{"items": [{"title": …, "children": […]}]}`.
"""

from __future__ import annotations

from projects.client.argv import canonical
from projects.client.errors import UsageError
from projects.client.resource import day
from projects.client.text_input import read_file
from projects.entities.spec import DAY
from projects.entities.work_item import WORK_ITEM

TYPE_CHECKING = False
if TYPE_CHECKING:
    from projects.client.api import Json

HEADERS = ("project", "sprint")
BULLETS = ("-", "*", "+")
BOXES = {"[ ": False, "[x": True, "[X": True}  # the beginnings of boxes, and whether the task is done
NUMBERS = ("points", "story_points")


def read_plan(path: str) -> dict[str, Json]:
    """Return the plan in a file, or in standard input for `-`. Raises UsageError."""
    text = read_file(path, "file")
    plan = _from_json(text) if text.lstrip()[:1] in ("{", "[") else _from_lines(text)
    _spell(plan["items"])
    return plan


def _spell(items: Json) -> None:
    """Write the values of the items as the API spells them; what it does not know, it reports."""
    for item in items if isinstance(items, list) else ():
        if not isinstance(item, dict):
            continue
        for field in WORK_ITEM.fields:
            for name in (field.name, field.flag):
                value = item.get(name)
                if isinstance(value, str | int) and field.choices:
                    item[name] = _choice(str(value), field.choices)
                elif isinstance(value, str) and field.kind == DAY:
                    item[name] = day(value)
        _spell(item.get("children"))


def _choice(value: str, choices: tuple[str, ...]) -> str:
    try:
        return canonical(f"--value={value}", {"--value": {"choices": choices}}, "pm plan").partition("=")[2]
    except UsageError:
        return value


def _from_json(text: str) -> dict[str, Json]:
    import json

    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"the plan is not JSON: {error}", field="file") from None
    plan = {"items": found} if isinstance(found, list) else found
    if not isinstance(plan, dict) or not plan.get("items"):
        raise UsageError('the plan has no items; write {"items": [{"title": "…"}]}', field="file")
    return dict(plan)


def _from_lines(text: str) -> dict[str, Json]:
    plan: dict[str, Json] = {"items": []}
    above: list[tuple[int, dict[str, Json]]] = []  # the indentation and the item, the outermost first
    for number, line in enumerate(text.splitlines(), 1):
        words = line.expandtabs(4).strip()
        if not words or words.startswith("#"):
            continue
        name, colon, value = words.partition(":")
        if colon and not above and name in HEADERS:
            plan[name] = value.strip()
            continue
        depth = len(line.expandtabs(4)) - len(line.expandtabs(4).lstrip())
        if words.startswith(">"):
            if not above:
                raise UsageError(f"line {number} describes no item", field="file")
            item = above[-1][1]
            item["description"] = "\n".join(filter(None, (item.get("description"), words[1:].strip())))
            continue
        item = _item(words, number)
        while above and above[-1][0] >= depth:
            above.pop()
        (above[-1][1].setdefault("children", []) if above else plan["items"]).append(item)
        above.append((depth, item))
    if not plan["items"]:
        raise UsageError("the plan has no items; write a title a line", field="file")
    return plan


def _words(fields: str, number: int) -> list[str]:
    """Return the words in braces; quotes keep one with blanks together."""
    if '"' not in fields and "'" not in fields:
        return fields.split()
    import shlex

    try:
        return shlex.split(fields)
    except ValueError:
        raise UsageError(f"line {number}: a quote in the braces is not closed", field="file") from None


def _unmarked(words: str) -> tuple[str, dict[str, Json]]:
    """Return the text of a line without the markers of a Markdown list, and what they say: `[x]` is done."""
    mark, _, rest = words.partition(" ")
    if mark not in BULLETS and not (mark[-1:] in (".", ")") and mark[:-1].isdecimal()):
        return words, {}
    text = rest.strip()
    box, _, after = text.partition("] ")
    if box not in BOXES:
        return text.lstrip("#").strip(), {}
    return after.strip(), {"status": "done"} if BOXES[box] else {}


def _item(words: str, number: int) -> dict[str, Json]:
    """Return the item of a line: its title, and the fields in braces at the end."""
    title, item = _unmarked(words)
    brace = title.rfind("{")
    if brace >= 0 and "}" not in title[brace:] and "=" in title[brace:]:
        raise UsageError(f"line {number}: the brace of {title[brace:]!r} is not closed", field="file")
    if title.endswith("}") and "{" in title:
        title, _, fields = title[:-1].rpartition("{")
        for field in _words(fields, number):
            name, equals, value = field.partition("=")
            if not equals:
                raise UsageError(f"line {number}: {field!r} in braces is not name=value", field="file")
            item[name] = int(value) if name in NUMBERS and value.isdecimal() else value
    return {"title": title.strip(), **item}
