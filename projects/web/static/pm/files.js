// Import of a file: check it, show what would change, then import. templates/pm/import.html has the markup.

import { all, announce, reason, refresh } from "./pm.js";

const NAMES = { created: "new", updated: "changed", deleted: "deleted", skipped: "unchanged" };

async function send(form, dry) {
  const file = form.elements.file.files[0];
  const headers = { ...JSON.parse(document.body.dataset.headers), Accept: "application/json", "Content-Type": "application/json" };
  const answer = await fetch(`${form.dataset.import}${dry ? "?dry_run=true" : ""}`, { method: "POST", body: file, headers });
  const body = await answer.clone().json().catch(() => ({}));
  if (answer.ok) return { counts: body };
  const { errors } = body.error ?? {};
  return { errors: errors?.map(({ message, collection, row, field }) => [collection, row === undefined ? "" : `row ${row}`, field, message].filter(Boolean).join(", ")) ?? [await reason(answer)] };
}

function element(name, text, ...children) {
  const made = document.createElement(name);
  made.append(text, ...children);
  return made;
}

function shown({ counts, errors }, dry) {
  if (errors) return [element("p", errors.length === 1 ? "The file can't be imported:" : `The file can't be imported; ${errors.length} errors:`), element("ul", "", ...errors.map((text) => element("li", text)))];
  const rows = Object.entries(counts).filter(([, count]) => count.created !== undefined && Object.values(count).some(Boolean));
  if (!rows.length) return [element("p", "The board has all of this already.")];
  const columns = Object.keys(NAMES).filter((key) => rows.some(([, count]) => count[key]));
  const head = element("tr", "", element("th", ""), ...columns.map((key) => element("th", NAMES[key])));
  const lines = rows.map(([name, count]) => element("tr", "", element("th", name.replaceAll("_", " ")), ...columns.map((key) => element("td", String(count[key])))));
  const notes = [[counts.renumbered, "Items that get another number"], [counts.skipped_rows, "Rows that are left out"], [counts.detached, "Items that lose a deleted parent or sprint"]];
  const rest = notes.filter(([list]) => list?.length).map(([list, text]) => element("p", `${text}: ${list.length}`));
  const reasons = (counts.skipped_rows ?? []).slice(0, 5).map(({ collection, row, reason: why }) => element("li", `${collection}, row ${row}: ${why}`));
  return [element("p", dry ? "This is what the import would do:" : "Imported."), element("table", "", head, ...lines), ...rest, element("ul", "", ...reasons)];
}

async function run(form, dry) {
  const box = form.querySelector("[data-answer]"), ready = form.querySelector("[name=import]");
  for (const button of all("button", form)) button.disabled = true;
  box.replaceChildren(dry ? "Checking…" : "Importing…");
  let answer;
  try { answer = await send(form, dry); } catch { answer = { errors: ["The server is unreachable."] }; }
  for (const button of all("button", form)) button.disabled = false;
  box.replaceChildren(...shown(answer, dry));
  announce(box.firstChild.textContent);
  ready.hidden = !dry || Boolean(answer.errors);
  if (!ready.hidden) ready.focus();
  if (!dry && !answer.errors) location.pathname === "/" ? location.assign("/") : refresh();
}

addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("[data-import]")) return;
  event.preventDefault();
  run(form, event.submitter?.name !== "import");
});

addEventListener("change", ({ target }) => {
  const form = target.closest("[data-import]");
  if (form) form.querySelector("[name=import]").hidden = true; // another file: check it first
});

addEventListener("dragover", (event) => event.target.closest?.("[data-import]") && event.preventDefault());
addEventListener("drop", (event) => {
  const form = event.target.closest?.("[data-import]");
  if (!form || !event.dataTransfer.files.length) return;
  event.preventDefault();
  form.elements.file.files = event.dataTransfer.files;
  run(form, true);
});
