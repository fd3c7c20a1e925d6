// The buttons above a text that insert Markdown. panel.js loads this when the first one is used.

const MARKS = { bold: ["**", "**", "bold text"], code: ["`", "`", "code"], link: ["[", "](https://)", "text"] };
const LINES = { list: "- ", task: "- [ ] " };

// Replace the selection so that the browser's own undo knows it, and select `length` characters from `from`.
function replace(field, text, from, length) {
  field.focus();
  if (!document.execCommand("insertText", false, text)) field.setRangeText(text);
  field.setSelectionRange(from, from + length);
}

export function mark(field, name) {
  const { value, selectionStart: start, selectionEnd: end } = field;
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
