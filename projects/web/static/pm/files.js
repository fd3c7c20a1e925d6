// Import of a file: check it, show what would change, then import. templates/pm/import.html has the markup.

import { all, announce, reason, refresh, soon } from "./pm.js";

const NAMES = { created: "new", updated: "changed", deleted: "deleted", unchanged: "unchanged", skipped: "unchanged" };
const WORDS = { work_items: "items", swim_lanes: "columns", dependencies: "links", users: "people" }; // of the pages
const ID = / [0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;
const MOST = 20, LINKS = 5; // problems that are listed, boards that are linked
const PAUSE = 400; // milliseconds without a change after which the file is checked again
const STEPS = { reading: "Reading the file…", checking: "Checking the items…", writing: "Writing the items…" };
const worded = (collection) => WORDS[collection] ?? collection.replaceAll("_", " ");

// The tracker that a file probably comes from, by its beginning.
async function guess(file) {
  const start = await file.slice(0, 65536).text();
  if (/^\s*\{/.test(start)) {
    if (/"schema_version"\s*:|"work_items"\s*:\s*\[/.test(start.includes("\n") ? await file.text() : start)) return ""; // in any order
    if (/"issue_type"\s*:/.test(start.split("\n")[0])) return "beads";
    return /"tasks"\s*:/.test(start) ? "taskmaster" : isLine(start) ? "jsonl" : ""; // a board's export that is cut off, for example
  }
  if (/^\s*\[/.test(start)) return /"uuid"\s*:/.test(start) ? "taskwarrior" : "github";
  return /(^|,)"?Issue key"?(,|\r?\n)/.test(start.split("\n")[0] + "\n") ? "jira" : "csv";
}

// Whether the first line is a JSON value, so that the lines after it are others.
function isLine(start) {
  const line = start.trimStart().split("\n")[0];
  try { return Boolean(JSON.parse(line)); } catch { return line.length > 60000; } // cut here
}

const dropped = new WeakMap(); // the files of a folder that was dropped, by form

// The files of a folder, with their paths in it.
function folder(form) {
  return dropped.get(form) ?? [...form.elements.folder.files].map((file) => ({ file, path: file.webkitRelativePath.split("/").slice(1).join("/") }));
}

async function walk(entry, path = "") {
  if (entry.isFile) return [{ path, file: await new Promise((resolve, reject) => entry.file(resolve, reject)) }];
  const reader = entry.createReader(), found = [];
  for (let some; (some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject))).length;) // a hundred at a time
    for (const one of some) if (!one.name.startsWith(".")) found.push(...await walk(one, path && `${path}/${one.name}` || one.name));
  return found;
}

async function body(form) {
  const source = form.elements.source.value;
  if (!source) return form.elements.file.files[0];
  if (source !== "backlog") return new Blob(["{}\n", form.elements.file.files[0]]);
  const files = folder(form).filter(({ file }) => file.name.endsWith(".md") && file.size <= 1 << 20);
  const lines = await Promise.all(files.map(async ({ file, path }) => JSON.stringify({ path, text: await file.text() })));
  return new Blob(["{}\n", lines.map((line) => `${line}\n`).join("")]);
}

function address(form, dry, progress) {
  const { source, project, key, title } = form.elements, query = new URLSearchParams();
  if (dry) query.set("dry_run", "true");
  if (source.value) {
    query.set("progress", progress);
    query.set("project", project.value || key.value);
    if (!project.value) query.set("title", title.value);
  }
  return `${form.dataset.import}${source.value && `${source.value}/`}?${query}`;
}

async function send(form, dry, signal) {
  const headers = { ...JSON.parse(document.body.dataset.headers), Accept: "application/json", "Content-Type": "application/json" };
  const progress = crypto.randomUUID?.() ?? "10000000-1000-4000-8000-100000000000".replace(/[018]/g, (digit) => (digit ^ (crypto.getRandomValues(new Uint8Array(1))[0] & (15 >> (digit / 4)))).toString(16));
  const bar = form.querySelector("[data-bar]"), box = form.querySelector("[data-answer]");
  let over = false;
  const timer = setInterval(async () => {
    const found = await fetch(`${form.dataset.progress}${progress}/`, { headers }).then((answer) => answer.json()).catch(() => ({}));
    if (!found.step || over) return;
    if (box.textContent !== STEPS[found.step]) box.textContent = STEPS[found.step]; // read aloud once
    bar.hidden = false;
    if (found.total) [bar.max, bar.value] = [found.total, found.done];
    else bar.removeAttribute("value"); // it only moves
  }, 500);
  try {
    const answer = await fetch(address(form, dry, progress), { method: "POST", body: await body(form), headers, signal });
    const found = await answer.clone().json().catch(() => ({}));
    if (answer.ok) return { counts: found };
    const { errors } = found.error ?? {};
    return { errors: errors?.map(({ message, collection, row, field }) => [collection, row === undefined ? "" : `row ${row}`, field, message].filter(Boolean).join(", ")) ?? [await reason(answer)] };
  } finally {
    clearInterval(timer);
    over = bar.hidden = true;
  }
}

function element(name, text, ...children) {
  const made = document.createElement(name);
  made.append(text, ...children);
  return made;
}

// What is wrong stands out; mere information does not.
function marked(made) {
  made.classList.add("problems");
  return made;
}

function list(title, texts) {
  if (!texts.length) return [];
  const more = texts.length > MOST ? [element("li", `… and ${texts.length - MOST} more`)] : [];
  const details = element("details", "", element("summary", `${title}: ${texts.length}`), element("ul", "", ...texts.slice(0, MOST).map((text) => element("li", text)), ...more));
  return [details];
}

// What the report of another tracker says beyond the table.
function remarks(found) {
  const words = Object.entries(found.mapped ?? {}).flatMap(([field, values]) => values.filter(({ from, to }) => from !== to && from !== "(none)").map(({ from, to, count }) => `${field}: ${from} becomes ${to.replaceAll("_", " ")} (${count})`));
  return [
    ...list("Problems that don't stop the import", (found.problems ?? []).map(({ place, ref, message }) => [place, ref, message].filter(Boolean).join(", "))).map(marked),
    ...list("Changed there and here; they stay as here", (found.conflicts ?? []).map(({ key, field, here, there }) => `${key}, ${field}: here ${JSON.stringify(here)}, there ${JSON.stringify(there)}`)),
    ...list("Renamed values", words),
    ...list("Kept in the description, as pm has no field for them", Object.entries(found.unplaced ?? {}).map(([name, count]) => `${name} (${count})`)),
  ];
}

function shown({ counts, errors }, dry) {
  if (errors) return [element("p", errors.length === 1 ? "The file can't be imported:" : `The file can't be imported; ${errors.length} errors:`), marked(element("ul", "", ...errors.map((text) => element("li", text))))];
  const rows = Object.entries(counts.written ?? counts).filter(([, count]) => Object.keys(NAMES).some((name) => count[name]));
  if (!rows.some(([, count]) => count.created || count.updated || count.deleted)) return [element("p", "The board has all of this already."), ...remarks(counts)];
  const columns = Object.keys(NAMES).filter((key) => rows.some(([, count]) => count[key]));
  const head = element("tr", "", element("th", ""), ...columns.map((key) => element("th", NAMES[key])));
  const lines = rows.map(([name, count]) => element("tr", "", element("th", worded(name)), ...columns.map((key) => element("td", String(count[key] ?? 0)))));
  const notes = [[counts.renumbered, "Items with a new number"], [counts.skipped_rows, "Rows left out"], [counts.detached, "Items that lose a deleted parent or sprint"]];
  const rest = notes.filter(([found]) => found?.length).map(([found, text]) => element("p", `${text}: ${found.length}`));
  const reasons = (counts.skipped_rows ?? []).slice(0, 5).map(({ collection, row, reason: why }) => element("li", `${worded(collection)}, row ${row}: ${why.replace(ID, "").replaceAll("_", " ")}`));
  return [element("p", dry ? "This is what the import would do:" : "Imported."), element("table", "", head, ...lines), ...rest, element("ul", "", ...reasons), ...remarks(counts)];
}

// The boards that have what was imported: [key, URL].
async function boards(form, { project }) {
  let keys = [project];
  if (!form.elements.source.value) {
    const { projects = [] } = JSON.parse(await form.elements.file.files[0].text()), ids = projects.map(({ id }) => id);
    const found = await (await fetch("/api/v1/projects/?fields=id,key&limit=500", { headers: { Accept: "application/json" } })).json();
    keys = found.results.filter(({ id }) => ids.includes(id)).map(({ key }) => key); // projects that are known here keep their keys
  }
  return keys.map((key) => [key, `/board/${encodeURIComponent(key)}/`]);
}

function link(text, href) {
  return Object.assign(element("a", text), { href });
}

function chosen(form) {
  return form.elements.source.value === "backlog" ? folder(form).length : form.elements.file.files.length;
}

let running = null; // the controller of the newest request; a later one replaces a check

async function run(form, dry, again = false) {
  const box = form.querySelector("[data-answer]"), ready = form.querySelector("[name=import]");
  if (running && !running.dry) return; // an import is not stopped
  if (!chosen(form)) return box.replaceChildren("Choose what to import first.");
  running?.abort();
  const mine = running = Object.assign(new AbortController(), { dry }), was = form.contains(document.activeElement) ? document.activeElement : null;
  const inputs = all(dry ? "button, [type=file]" : "button, input, select", form);
  for (const input of inputs) input.disabled = true;
  if (!again) box.replaceChildren(dry ? "Checking…" : "Importing…");
  box.setAttribute("aria-busy", "true");
  form.dataset.checked = state(form);
  let answer;
  try { answer = await send(form, dry, mine.signal); } catch { answer = { errors: [await unsent(form)] }; }
  if (running !== mine) return; // another answer is on its way
  running = null;
  for (const input of inputs) input.disabled = false;
  if (state(form) !== form.dataset.checked) return; // another check follows
  box.removeAttribute("aria-busy");
  box.replaceChildren(...shown(answer, dry));
  announce(box.firstChild.textContent);
  ready.hidden = !dry || Boolean(answer.errors);
  if (!form.querySelector(":is(input, select):focus")) (ready.hidden ? was : ready)?.focus(); // nobody is typing
  if (!dry && !answer.errors) await end(form, box, answer.counts);
}

// Lead to what was imported; the page of a board without projects is over.
async function end(form, box, counts) {
  const found = await boards(form, counts).catch(() => []), shows = found.length > 0 && found.length <= LINKS;
  if (location.pathname === "/") return location.assign(found.length === 1 ? found[0][1] : "/?overview");
  const links = shows ? found.map(([key, url]) => link(`Open ${key}`, url)) : [link("Open the overview", "/?overview")];
  for (const made of links) box.firstChild.append(" ", made);
  refresh();
}

// Check again what the fields say now.
function recheck(form) {
  const box = form.querySelector("[data-answer]");
  if (!chosen(form) || running && state(form) === form.dataset.checked) return;
  if (form.checkValidity()) return run(form, true, true);
  box.removeAttribute("aria-busy");
  box.replaceChildren("A key has 2 to 20 letters, digits or _, and begins with a letter.");
}

// Why nothing was sent: a file that was written after it was chosen can't be read any more.
async function unsent(form) {
  const file = form.elements.source.value === "backlog" ? folder(form)[0].file : form.elements.file.files[0];
  return file.slice(0, 1).text().then(() => "The server is unreachable.", () => "The file was changed since it was chosen; choose it again.");
}

const state = ({ elements }) => ["source", "project", "key", "title"].map((name) => elements[name].value).join("\n");

// Show the fields that the choices ask for.
function arrange(form) {
  const { source, project } = form.elements;
  const wanted = { folder: source.value === "backlog", file: source.value !== "backlog", tracker: source.value !== "", new: !project.value };
  for (const part of all("[data-when]", form)) part.hidden = !wanted[part.dataset.when];
  if (wanted.tracker && wanted.new) form.elements.title.value ||= `From ${source.selectedOptions[0].text.split(/[:,]/)[0]}`;
}

// What was checked is out of date; check again once nothing changes for a moment.
function outdate(form, wait) {
  const box = form.querySelector("[data-answer]");
  if (state(form) === form.dataset.checked && !box.matches("[aria-busy]")) return;
  form.querySelector("[name=import]").hidden = true;
  if (!chosen(form)) return box.replaceChildren();
  box.setAttribute("aria-busy", "true");
  soon(form, wait, () => recheck(form));
}

addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("[data-import]")) return;
  event.preventDefault();
  run(form, event.submitter?.name !== "import");
});

addEventListener("change", async ({ target }) => {
  const form = target.closest("[data-import]");
  if (!form) return;
  if (target.name === "source") form.dataset.chosen = "";
  if (target.name === "folder") dropped.delete(form);
  if (target.type === "file") form.dataset.checked = "";
  if (target.name === "file" && target.files.length && !("chosen" in form.dataset)) form.elements.source.value = await guess(target.files[0]).catch(() => "");
  arrange(form);
  if (target.type !== "file") return outdate(form, 0);
  if (chosen(form)) run(form, true);
});
addEventListener("input", ({ target }) => {
  const form = target.matches("[name=key], [name=title]") && target.closest("[data-import]");
  if (form) outdate(form, PAUSE);
});

addEventListener("dragover", (event) => event.target.closest?.("[data-import]") && event.preventDefault());
addEventListener("drop", async (event) => {
  const form = event.target.closest?.("[data-import]");
  if (!form || !event.dataTransfer.files.length) return;
  event.preventDefault();
  const entry = event.dataTransfer.items[0].webkitGetAsEntry?.(), { file, source } = form.elements;
  if (entry?.isDirectory) {
    dropped.set(form, await walk(entry));
    source.value = "backlog";
  } else {
    file.files = event.dataTransfer.files;
    source.value = await guess(file.files[0]).catch(() => "");
  }
  arrange(form);
  run(form, true);
});
