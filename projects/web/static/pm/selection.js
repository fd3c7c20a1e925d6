// Select rows `[data-key]` of a container `[data-select]` with x, Shift+click, Shift+arrows or their boxes, and change
// them together in a bar at the foot (bar.js). A row may have a box of its own, `input[data-pick]`, as in the plan of sprints; others get one under the pointer.

import { register } from "./keys.js";
import { all, announce, soon } from "./pm.js";

const ROW = "[data-select] [data-key]";
export const chosen = new Map(); // rows by key, in the order of their selection
let last = null, bar = null, coming = null; // where a range begins; the bar, and the request for it
const rows = (one) => all("[data-key]", one.closest("[data-select]"));
const keyOf = (row) => row.dataset.key;

// The row whose place the focus gets when the selected ones are gone
export const lastRow = () => last?.isConnected ? last : [...chosen.values()][0];

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
export const enter = (menu) => ((matchMedia("(pointer: coarse)").matches && menu.querySelector("li button")) || menu.querySelector("input, li button")).focus();

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
  const { makeBar } = await import("./bar.js");
  return await makeBar() ?? void clear();
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
addEventListener("pm:settled", () => {
  if (!chosen.size) return;
  mark();
  if (bar) soon(bar, 300, () => import("./bar.js").then(({ renew }) => renew()));
});
