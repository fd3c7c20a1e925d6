"""The forms of a page as a browser sees them: their controls, and the values that it would send."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import NamedTuple


class Form(NamedTuple):
    """A form: where it is sent, its values by control, and the choices of its <select> controls."""

    url: str
    values: dict[str, list[str]]
    choices: dict[str, list[str]]


class _Parser(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.form: Form | None = None
        self.select = self.textarea = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.form = Form(found.get("data-post") or found.get("action", ""), {}, {})
            self.forms.append(self.form)
        if self.form is None:
            return
        name, value = found.get("name", ""), found.get("value", "")
        if tag == "select" and name:
            self.select = name
            self.form.values[name], self.form.choices[name] = [], []
        elif tag == "option" and self.select:
            self.form.choices[self.select].append(value)
            if "selected" in found or not self.form.values[self.select]:
                self.form.values[self.select] = [value]
        elif tag == "textarea":
            self.textarea = name
            self.form.values[name] = [""]
        elif tag == "input" and name and found.get("type") not in ("submit", "button"):
            values = self.form.values.setdefault(name, [])
            if found.get("type") != "checkbox" or "checked" in found:
                values.append(value)

    def handle_data(self, data: str) -> None:
        if self.form is not None and self.textarea:
            self.form.values[self.textarea][0] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.form = None
        elif tag == "select":
            self.select = ""
        elif tag == "textarea" and self.form is not None and self.textarea:
            values = self.form.values[self.textarea]
            values[0] = values[0].removeprefix("\r").removeprefix("\n")  # as a browser does
            self.textarea = ""


def forms_of(html: str) -> list[Form]:
    """Return the forms of a page in order. A disabled form has no special meaning here."""
    parser = _Parser()
    parser.feed(html)
    return parser.forms
