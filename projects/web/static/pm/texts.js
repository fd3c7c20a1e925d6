// The buttons of an item's texts and labels: formatting, folding, removing. panel.js loads this when the first is used.

import { saveField } from "./fields.js";

export function press(button) {
  const { mark: name, remove, version } = button.dataset;
  if (name === "attach") import("./attachments.js").then(({ choose }) => choose(button.closest("[data-item]").dataset.item, button.form));
  else if (name) mark(button.form, name);
  else if (remove !== undefined) saveField(button.closest("[data-item]").dataset.item, "labels", { remove }, version, document.getElementById("v-labels"));
  else unfold(button);
}

function unfold(button) {
  const box = button.parentElement, isOpen = box.toggleAttribute("data-all");
  button.setAttribute("aria-expanded", String(isOpen));
  button.textContent = isOpen ? "Show less" : "Show all";
  if (!isOpen) box.scrollIntoView({ block: "nearest" });
}

const MARKS = { bold: ["**", "**", "bold text"], code: ["`", "`", "code"], link: ["[", "](https://)", "text"] };
const LINES = { list: "- ", task: "- [ ] " };

// Replace the selection so that the browser's own undo knows it, and select `length` characters from `from`.
function replace(field, text, from, length) {
  field.focus();
  if (!document.execCommand("insertText", false, text)) field.setRangeText(text);
  field.setSelectionRange(from, from + length);
}

export function mark(form, name) {
  const field = form.querySelector("textarea"), { value, selectionStart: start, selectionEnd: end } = field;
  if (LINES[name]) {
    const from = value.lastIndexOf("\n", start - 1) + 1;
    field.setSelectionRange(from, end);
    const text = value.slice(from, end).split("\n").map((line) => LINES[name] + line).join("\n");
    return replace(field, text, from + text.length, 0);
  }
  const chosen = value.slice(start, end), fenced = name === "code" && chosen.includes("\n");
  const [open, shut, empty] = fenced ? ["```\n", "\n```", ""] : MARKS[name], inner = chosen || empty;
  const at = name === "link" && chosen ? [start + inner.length + 3, "https://".length] : [start + open.length, inner.length];
  replace(field, open + inner + shut, ...at);
}
