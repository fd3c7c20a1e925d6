// Select rows `[data-key]` of a container `[data-select]` with x, Shift+click, Shift+arrows or their boxes, and change
// them together in a bar at the foot. A row may have a box of its own, `input[data-pick]`, as in the plan of sprints; others get one under the pointer.

import { register } from "./keys.js";
import { all, announce, get, held, post, reason, refocus, refresh, wayTo } from "./pm.js";

const ROW = "[data-select] [data-key]";
const AGREE = { unclaim: "End the claims and continue", force: "Change them anyway", anyway: "Overwrite", sure: "Delete" };
const chosen = new Map(); // rows by key, in the order of their selection
let last = null, bar = null, coming = null; // where a range begins; the bar, and the request for it
let going = Promise.resolve(); // the last change
const rows = (one) => all("[data-key]", one.closest("[data-select]"));
const keyOf = (row) => row.dataset.key;
const PAUSE = 1000; // milliseconds after which a typed letter begins another word
let letters = "", lastLetter = 0; // typed in a menu

// The selected keys
export const picked = () => [...chosen.keys()];

// Select `row`, or take it out of the selection.
export function pick(row, on = !chosen.has(keyOf(row))) {
  if (on) chosen.set(keyOf(row), row);
  else chosen.delete(keyOf(row));
  last = row;
  mark();
  announce(`${keyOf(row)} ${on ? "selected" : "not selected"}; ${chosen.size} selected.`);
}

// Select from one row to another, in the order of the page.
export function extend(from, to) {
  const lane = from.closest("[data-lane]");
  const list = !lane ? rows(from) : lane.contains(to) ? all("[data-key]", lane) : [from, to];
  const [start, end] = [list.indexOf(from), list.indexOf(to)].sort((a, b) => a - b);
  for (const row of list.slice(start, end + 1)) chosen.set(keyOf(row), row);
  last = to;
  mark();
  announce(`${chosen.size} selected.`);
}

export function clear() {
  if (!chosen.size) return;
  const focused = bar?.contains(document.activeElement) && [...chosen.values()].at(-1);
  chosen.clear();
  mark();
  if (focused) focused.querySelector("a[href]")?.focus();
  announce("Nothing is selected.");
}

// Open the menu of a field in the bar, which may still be on its way; return whether there is one.
export function pressed(field) {
  if (!bar && coming) return Boolean(coming.then(() => pressed(field)));
  const menu = bar?.querySelector(`details[data-field="${field}"]`);
  if (!menu) return false;
  menu.open = true;
  enter(menu);
  return true;
}

// Focus the field of a menu, or a choice where a field would open a keyboard over the menu.
const enter = (menu) => ((matchMedia("(pointer: coarse)").matches && menu.querySelector("li button")) || menu.querySelector("input, li button")).focus();

function box(row) {
  const own = row.querySelector("[data-pick]");
  if (own || !row.matches("li")) return own;
  const made = document.createElement("input");
  for (const [name, value] of [["type", "checkbox"], ["data-pick", ""], ["data-keep", ""], ["tabindex", "-1"], ["aria-label", `Select ${keyOf(row)}`]]) made.setAttribute(name, value);
  row.append(made);
  return made;
}

// Show on the rows and in the bar what is selected; rows that left the page are not.
function mark() {
  for (const row of all("[data-selected]")) if (!chosen.has(keyOf(row))) show(row, false);
  for (const [key, old] of chosen) {
    const row = old.isConnected ? old : document.querySelector(`[data-select] [data-key="${CSS.escape(key)}"]`);
    if (row) show(row, true);
    if (row) chosen.set(key, row);
    else chosen.delete(key);
  }
  const whole = document.querySelector("[data-pick-all]");
  if (whole) {
    whole.checked = chosen.size > 0 && chosen.size === shown(whole).length;
    whole.indeterminate = chosen.size > 0 && !whole.checked;
  }
  showBar();
}

const shown = (one) => rows(one).filter((row) => row.offsetParent); // without folded ones

// Select the rows that are shown, or none.
function pickAll(box, on) {
  chosen.clear();
  if (on) for (const row of shown(box)) chosen.set(keyOf(row), row);
  last = null;
  mark();
  announce(`${chosen.size} selected.`);
}

function show(row, on) {
  row.toggleAttribute("data-selected", on);
  const own = on ? box(row) : row.querySelector("[data-pick]");
  if (own) own.checked = on;
}

async function showBar() {
  if (!chosen.size) {
    bar?.remove();
    bar = null;
    return;
  }
  bar ??= await (coming ??= load());
  coming = null;
  if (!bar || !chosen.size) return showBar();
  if (!bar.isConnected) document.body.append(bar);
  bar.querySelector(".selected").textContent = `${chosen.size} selected`;
}

async function load() {
  const answer = await get(`/items/bulk/?project=${document.body.dataset.project ?? ""}`);
  if (!answer?.ok) return void clear();
  const part = document.createElement("template");
  part.innerHTML = await answer.text(); // the server rendered and escaped it
  const made = part.content.firstElementChild;
  made.addEventListener("click", ({ target }) => {
    const button = target.closest("button");
    if (button?.name) change(button.name, button.value);
    else if (button?.dataset.of) typed(button.dataset.of);
    else if (button && "clear" in button.dataset) clear();
  });
  made.addEventListener("submit", (event) => event.preventDefault());
  made.addEventListener("toggle", ({ target }) => target.open && !target.querySelector("li :focus, .sheet :focus") && enter(target), true); // it may come after the next key
  made.addEventListener("keydown", (event) => {
    const menu = event.target.closest("details[open]"), field = event.target.dataset.enter;
    if (event.key === "Enter" && field) {
      event.preventDefault();
      const one = offered(event.target);
      if (one) one.click();
      else typed(field);
    } else if (event.key === "Escape" && menu) {
      event.stopPropagation();
      menu.open = false;
      menu.firstElementChild.focus();
    } else if (menu && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      const stops = all("li:not([hidden]) button", menu), at = stops.indexOf(event.target) + (event.key === "ArrowDown" ? 1 : -1);
      event.preventDefault();
      stops.at(at % stops.length)?.focus();
    } else if (menu && event.key.length === 1 && event.key !== " " && event.target.matches("li button") && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      goTo(event, menu);
    }
  });
  return made;
}

// Go to the choice that begins with the typed letters; a menu with a field to search has them typed there.
function goTo({ key, timeStamp }, menu) {
  const field = menu.querySelector("input");
  letters = timeStamp - lastLetter < PAUSE ? letters + key.toLowerCase() : key.toLowerCase();
  lastLetter = timeStamp;
  if (field) {
    field.value += key;
    field.focus();
    field.dispatchEvent(new Event("input", { bubbles: true }));
  } else all("li button", menu).find((one) => one.textContent.toLowerCase().startsWith(letters))?.focus();
}

// What Enter takes of the list below a field: what is named as typed, else the first that has the words.
function offered({ value, dataset }) {
  const words = value.trim().toLowerCase(), found = words ? all(`button[name="${dataset.enter}"]`, bar).filter((one) => one.value.toLowerCase().includes(words)) : [];
  return found.find((one) => one.value.toLowerCase() === words) ?? found[0];
}

function typed(field) {
  const input = bar.querySelector(`[data-enter="${field}"]`);
  if (input.value.trim()) change(field, input.value.trim());
  else input.focus();
}

// Change all selected rows, or none. `agreed` is what the person agreed to. The rows have their new versions before the next change.
const change = (...what) => going = going.catch(() => {}).then(() => send(...what));

async function send(name, value, agreed = {}) {
  const data = new URLSearchParams({ name, value, ...agreed });
  for (const [key, { dataset }] of chosen) data.append("item", dataset.version ? `${key}:${dataset.version}` : key);
  refuse();
  held.add(data);
  let answer;
  try { answer = await post(bar.dataset.bulk, data); } finally { held.delete(data); }
  if (!answer) return refuse("The server is unreachable; nothing was changed.");
  if (answer.ok) {
    close();
    for (const input of all("input", bar)) input.value = "";
    for (const row of all("li[hidden]", bar)) row.hidden = false;
    const way = wayTo(last?.isConnected ? last : [...chosen.values()][0]);
    await refresh();
    if (document.activeElement === document.body) refocus(way); // the bar went with the rows
    const { toastOf } = await import("./toast.js");
    return toastOf(answer);
  }
  const [again, yes] = answer.headers.get("PM-Again")?.split("=") ?? [];
  refuse(await reason(answer), again && [AGREE[again], () => change(name, value, { ...agreed, [again]: yes })]);
}

// Close the menus; what had the focus in one gives it to the menu's name.
function close() {
  for (const menu of all("details[open]", bar)) {
    if (menu.contains(document.activeElement)) menu.firstElementChild.focus();
    menu.open = false;
  }
}

function refuse(text = "", anyway = null) {
  const said = bar.querySelector("[role=alert]"), button = bar.querySelector("[data-anyway]");
  said.hidden = !text;
  said.firstElementChild.textContent = text;
  button.hidden = !anyway;
  if (!anyway) return;
  close(); // the text moves the menu: another choice would be under the pointer
  [button.textContent, button.onclick] = anyway;
  button.focus();
}

const ofCards = document.querySelector("[data-move]"); // cards.js lists the key
register(ofCards ? "Card" : "List", {
  x: [ofCards ? "" : "Select or deselect the row", ({ target }) => Boolean(target.closest(ROW)) && pick(target.closest(ROW))],
  "Mod+a": [ofCards ? "" : "Select all rows shown", () => {
    const box = document.querySelector("[data-pick-all]");
    if (!box) return false;
    pickAll(box, true);
  }],
  Escape: ["", () => Boolean(chosen.size) && !document.querySelector("[data-lifted]") && clear()],
});

addEventListener("click", (event) => {
  const { target } = event, row = target.closest?.(ROW);
  if (target.matches?.("[data-pick-all]")) return pickAll(target, target.checked);
  if (!row) return;
  if (target.matches("[data-pick]")) {
    event.stopPropagation();
    if (event.shiftKey && last?.isConnected) extend(last, row);
    else pick(row, target.checked);
  } else if (event.shiftKey) {
    event.preventDefault();
    event.stopImmediatePropagation();
    if (last?.isConnected && chosen.size) extend(last, row);
    else pick(row);
  }
}, true);

addEventListener("pointerover", ({ target, pointerType }) => {
  const row = pointerType === "mouse" && target.closest?.(ROW);
  if (row) box(row);
});
addEventListener("pm:settled", () => chosen.size && mark());
