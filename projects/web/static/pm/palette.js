// The command palette: items, pages, projects, saved views, and what the keys of the page do. pm.js loads it for Ctrl+K.

import { registry } from "./keys.js";
import { element, markedKeys, shown } from "./keys-dialog.js";
import { $, all, announce, get, soon } from "./pm.js";

const GO = "Go to "; // how the markup begins the name of a page
const WAIT = 120, MOST = 7; // milliseconds without a key before the server is asked; entries of a group
let asked = 0; // counts the requests, so that a late answer does not replace a newer one

export function openPalette(target) {
  if ($("palette")) return;
  const input = element("input", { type: "text", role: "combobox", "aria-label": "Search items, pages and actions", "aria-expanded": "true", "aria-controls": "palette-list", "aria-autocomplete": "list", autocomplete: "off", spellcheck: "false", placeholder: "Search items, pages and actions" });
  const list = element("div", { id: "palette-list", role: "listbox", "aria-label": "Results", tabindex: "-1" });
  const dialog = element("dialog", { id: "palette", class: "palette", "aria-label": "Command palette", "data-keep": "" }, input, list);
  const state = { input, list, dialog, target, found: { items: [] }, fixed: [], key: itemOf(target) };
  dialog.addEventListener("close", () => dialog.remove());
  dialog.addEventListener("click", ({ target: clicked }) => clicked === dialog && dialog.close());
  input.addEventListener("input", () => { draw(state); soon(input, WAIT, () => ask(state)); });
  input.addEventListener("keydown", (event) => press(event, state));
  list.addEventListener("pointermove", ({ target: over }) => choose(state, over.closest("[role=option]")));
  list.addEventListener("click", ({ target: clicked, ctrlKey, metaKey }) => run(state, clicked.closest("[role=option]"), ctrlKey || metaKey));
  document.body.append(dialog);
  dialog.showModal();
  state.fixed = actions(state);
  draw(state);
  ask(state);
}

// The item that the focus is on, that the panel shows, or whose page this is.
function itemOf(target) {
  const near = target.closest("#panel, [data-select] [data-key], [data-panel] [data-key]");
  const one = near ?? $("panel") ?? document.querySelector("article[data-item]");
  return one?.dataset.item ?? one?.dataset.key ?? "";
}

// What the keys and the markup of the page can do now
function actions({ target }) {
  const of = (group, text, combos, act) => ({ group: group === "Everywhere" ? "Actions" : group, text, combos, act });
  const keys = registry.filter(({ text, when }) => text && when?.({ target }));
  const marked = markedKeys().filter((one) => !keys.some(({ text, group }) => text === one.text && group === one.group));
  const themes = all("[data-look] [name=theme]").map((button) => of("Actions", `Theme: ${button.getAttribute("aria-label").toLowerCase()}`, [], () => button.click()));
  return [
    ...keys.map(({ group, text, combos, run: act }) => of(group, text, combos, () => act({ target, key: combos[0] }))),
    ...marked.map(({ group, text, combos, element: one }) => text.startsWith(GO) ? { group: "Pages", text: text.slice(GO.length).replace(/^the o/, "O"), combos, url: one.href } : of(group, text, combos, () => one.matches("input, textarea") ? one.focus() : one.click())),
    ...themes,
  ];
}

function itemActions({ key, found, target }) {
  if (!key) return [];
  const url = `/items/${key}/`, copy = (text) => () => navigator.clipboard.writeText(text).then(() => announce("Copied."), () => announce("The browser does not allow copying here."));
  const { version, choices = [] } = found.item ?? {};
  return [
    ...choices.map(({ name, text, value }) => ({ text, act: () => import("./fields.js").then(({ saveField }) => saveField(key, name, value, version, target)) })),
    { text: "Open the full page", url },
    { text: "Copy the key", act: copy(key) },
    { text: "Copy the link", act: copy(new URL(url, location).href) },
  ].map((one) => ({ combos: [], ...one, group: key }));
}

async function ask(state) {
  const mine = ++asked, q = state.input.value.trim(), { project = "" } = document.body.dataset;
  const query = new URLSearchParams({ q, project, ...(state.found.item ? {} : { item: state.key }), ...(state.found.pages ? {} : { places: "" }) });
  const answer = await get(`/palette/?${query}`);
  if (mine !== asked || !state.dialog.open) return;
  if (!answer?.ok) return void announce("The search does not respond.");
  state.found = { ...state.found, ...await answer.json() };
  draw(state);
}

const matches = (text, words) => words.every((word) => text.toLowerCase().includes(word));

// Show what matches the words: items as the server ranks them, the rest by the page.
function draw(state) {
  const { found, input, list, fixed, dialog } = state, words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
  const items = found.items.map(({ key, title, note, url }) => ({ key, text: title, note, url, item: key, combos: [] }));
  const places = (rows = []) => rows.map(({ key = "", title, note = "", url }) => ({ key, text: title, note, url, combos: [] }));
  const own = [...itemActions(state), ...fixed].filter((one) => words.length || one.combos.length || one.group === "Actions");
  const others = [...own, ...places(found.projects).map((one) => ({ ...one, group: "Projects" })), ...places(words.length ? found.lists : []).map((one) => ({ ...one, group: "Labels and people" })), ...places(words.length ? found.pages : []).map((one) => ({ ...one, group: "Pages" })), ...places(found.views).map((one) => ({ ...one, group: "Views" }))];
  const right = others.filter(({ key = "", text }) => matches(`${key} ${text}`, words));
  // What begins with the words comes before the items, as an item only has them somewhere.
  const first = right.filter(({ text }) => words.length && text.toLowerCase().startsWith(words.join(" ")));
  const groups = new Map(first.map(({ group }) => [group, []]));
  groups.set(words.length ? "Items" : "Recent items", items);
  for (const one of right) groups.set(one.group, [...groups.get(one.group) ?? [], one]);
  state.shown = [];
  list.replaceChildren(...[...groups].filter(([, rows]) => rows.length).map(([name, rows], at) => element("div", { role: "group", "aria-labelledby": `palette-${at}` },
    element("div", { id: `palette-${at}`, class: "palette-group", role: "presentation" }, name),
    ...rows.slice(0, words.length ? MOST : 2 * MOST).map((row) => option(state, row)))));
  if (!state.shown.length) list.append(element("p", { class: "none", role: "presentation" }, "Nothing matches."));
  choose(state, list.querySelector("[role=option]"));
  dialog.dataset.count = state.shown.length;
}

function option(state, row) {
  const made = element("div", { role: "option", id: `palette-o-${state.shown.push(row) - 1}`, "aria-selected": "false" });
  if (row.key) made.append(element("span", { class: "key" }, row.key), " ");
  made.append(element("span", { class: "palette-text" }, row.text));
  if (row.note) made.append(" ", element("span", { class: "meta" }, row.note));
  if (row.combos[0]) made.append(" ", element("span", { class: "palette-keys" }, ...shown(row.combos[0])));
  return made;
}

function choose({ list, input }, one) {
  if (!one && list.querySelector("[aria-selected=true]")) return; // the pointer is between two
  for (const old of all("[aria-selected=true]", list)) old.setAttribute("aria-selected", "false");
  one?.setAttribute("aria-selected", "true");
  one?.scrollIntoView({ block: "nearest" });
  if (one) input.setAttribute("aria-activedescendant", one.id);
  else input.removeAttribute("aria-activedescendant");
}

function press(event, state) {
  const { key } = event, options = all("[role=option]", state.list), at = options.findIndex((one) => one.getAttribute("aria-selected") === "true");
  const by = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8 }[key];
  if (event.isComposing || !by && key !== "Enter") return;
  event.preventDefault();
  event.stopPropagation();
  if (key === "Enter") return run(state, options[at], event.ctrlKey || event.metaKey);
  const to = Math.abs(by) > 1 ? Math.max(0, Math.min(at + by, options.length - 1)) : (at + by + options.length) % options.length;
  choose(state, options[to]);
}

// Do what was chosen, once the dialog is closed and the focus is back.
async function run({ dialog, shown: rows }, one, isApart) {
  const row = one && rows[Number(one.id.replace("palette-o-", ""))];
  if (!row) return;
  dialog.close();
  if (row.act) row.act();
  else if (isApart) open(row.url);
  else if (row.item && document.querySelector("[data-panel]:not(#panel)")) (await import("./panel.js")).openPanel(row.item);
  else location.assign(row.url);
}
