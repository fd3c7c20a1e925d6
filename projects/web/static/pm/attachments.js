// Files that are pasted into a text, dropped on it or chosen: they are attached to the item, and the text shows them.
// panel.js loads this when the first file comes.

import { all, announce, reason, refresh } from "./pm.js";

const PATIENCE = 120000; // milliseconds for one file
const MOST = 5 << 20; // bytes; the server refuses more, but only after the browser has sent them
let count = 0; // of files sent by this page

// Attach files to an item. `field` is the textarea that shall show them, if there is one; `form` shows what was refused.
export async function attach(key, files, form, field) {
  const box = form?.querySelector("[data-error]"), problems = [];
  let isWanted = false; // the form was saved meanwhile, which has to wait: its text does not name the files yet
  const wait = (event) => {
    event.preventDefault();
    event.stopImmediatePropagation();
    isWanted = true;
  };
  if (field) form.addEventListener("submit", wait);
  box?.replaceChildren();
  for (const file of files) {
    const name = file.name || "picture.png", mark = `[Sending ${name.replace(/[[\]\\]/g, "")} … ${++count}]`;
    if (field) insert(field, mark);
    announce(`Sending ${name}.`);
    const { markdown, error } = file.size > MOST ? { error: `${name} has more than 5 MiB, which is the most that an attachment may have.` } : await send(key, file, name);
    if (field) replace(field, mark, markdown ?? "");
    if (error) problems.push(error);
    else announce(`${name} is attached.`);
  }
  form?.removeEventListener("submit", wait);
  if (isWanted && !problems.length) form.requestSubmit(form.querySelector("button.primary"));
  if (problems.length) {
    box?.replaceChildren(problems.join(" "));
    announce(problems.join(" "));
  }
  refresh();
}

async function send(key, file, name) {
  const headers = { ...JSON.parse(document.body.dataset.headers), Accept: "application/json", "Content-Type": "application/octet-stream" };
  const query = new URLSearchParams({ work_item: key, name });
  try {
    const answer = await fetch(`/api/v1/attachments/?${query}`, { method: "POST", body: file, headers, signal: AbortSignal.timeout(PATIENCE) });
    return answer.ok ? await answer.json() : { error: await reason(answer) };
  } catch {
    return { error: `${name} could not be sent. Is the server running, and can the file be read?` };
  }
}

// Insert a text at the selection so that the browser's own undo knows it.
function insert(field, text) {
  field.focus();
  const isThere = document.activeElement === field && document.execCommand("insertText", false, text);
  if (!isThere) field.setRangeText(text, field.selectionStart, field.selectionEnd, "end");
}

// Replace the mark where it is by now, or add the text at the end if the mark is gone; keep the selection.
function replace(field, mark, text) {
  const at = field.value.indexOf(mark);
  if (at >= 0) field.setRangeText(text, at, at + mark.length, "preserve");
  else if (text) field.setRangeText(`\n${text}`, field.value.length, field.value.length, "preserve");
  field.dispatchEvent(new Event("input", { bubbles: true })); // for the draft and the preview
}

// Let the person choose files for the text of a form.
export function choose(key, form) {
  const input = Object.assign(document.createElement("input"), { type: "file", multiple: true });
  input.addEventListener("change", () => attach(key, [...input.files], form, form.querySelector("textarea")));
  input.click();
}

// Attach what a file input of the page has.
export async function sendChosen(key, input) {
  const files = [...input.files];
  input.disabled = true;
  try { await attach(key, files, input.form); } finally { [input.value, input.disabled] = ["", false]; }
  all("input[data-attach]").find((one) => one.isConnected)?.focus();
}
