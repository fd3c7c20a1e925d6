// Cards: going from one to another, keys, folding. moving.js and drag.js, which load later, move them.
// templates/pm/base.html documents the markup.

import { FIELDS, register } from "./keys.js";
import { $, all, announce, show, wait } from "./pm.js";

export const cardsOf = (lane) => [...lane.children].filter((child) => child.matches("[data-card]"));
export const linkOf = (card) => card.querySelector("a[href]");
export const CARD = "[data-move] [data-card]";
let selection = null, moving = null, drag = null; // modules, once they are loaded
let pressed = null; // the pointer's events since its button went down
const selecting = async () => selection ??= await import("./selection.js");
let coming = null; // the request for moving.js
const lifting = () => coming ??= import("./moving.js").then((module) => moving = module, (error) => { coming = null; throw error; }); // again later
const dragging = async () => drag ??= await import("./drag.js");
const isLifted = () => Boolean(moving?.isLifted());

// ---- The keyboard

// Where an arrow leads from a card: a lifted one to any list, the focus to one that has cards.
function neighbour(card, key) {
  const lane = card.parentNode, cards = cardsOf(lane), index = cards.indexOf(card);
  const rows = all("[data-row]", card.closest(".board")).filter((row) => row.offsetParent).map((row) => all("[data-lane]", row));
  const y = rows.findIndex((row) => row.includes(lane)), x = rows[y].indexOf(lane);
  const goal = (lanes) => lanes.find((one) => isLifted() || cardsOf(one).length && !one.matches(".folded"));
  if (key === "ArrowRight") return { lane: goal(rows[y].slice(x + 1)), index };
  if (key === "ArrowLeft") return { lane: goal(rows[y].slice(0, x).reverse()), index };
  const to = index + (key === "ArrowUp" ? -1 : 1);
  if (to >= 0 && to < cards.length) return { lane, index: to };
  const others = to < 0 ? rows.slice(0, y).reverse() : rows.slice(y + 1);
  return { lane: goal(others.map((row) => row[x]).filter(Boolean)), index: to < 0 ? Infinity : 0 };
}

function onArrow(card, key, extends_) {
  const { lane, index } = neighbour(card, key);
  if (!lane) return;
  const others = cardsOf(lane).filter((other) => other !== card || !isLifted());
  if (!isLifted()) {
    const other = others[Math.min(index, others.length - 1)];
    if (extends_) selecting().then(({ extend }) => extend(card, other));
    return void linkOf(other).focus();
  }
  fold(lane); // first: what is folded takes no focus
  moving.put(card, lane, others[index] ?? null);
  card.scrollIntoView({ block: "nearest", inline: "nearest" });
  announce(moving.whereIs(card));
}

const ARROWS = { h: "ArrowLeft", j: "ArrowDown", k: "ArrowUp" };
let isLifting = false; // a key asked for moving.js, which may still be on its way
const focused = ({ target }, of = CARD) => target.matches("a[href]") && target.closest(of);
// Keys that are pressed while moving.js is on its way act once it is there.
const onCard = (act, of) => (event) => {
  const card = focused(event, of);
  return Boolean(card) && (coming && !moving ? void coming.then(() => act(card, event)) : act(card, event));
};
// To the first card; an arrow scrolls a page that can.
const start = ({ key }) => (key.length < 2 || document.querySelector("body.fill")) && !$("panel") && void document.querySelector(".lane:not(.folded) [data-card] a[href]")?.focus();
const toCard = onCard((card, { key, shiftKey }) => onArrow(card, ARROWS[key] ?? key, shiftKey && card.closest(CARD)), "[data-card]"); // also where nothing moves

register("Card", {
  "j,k,h,ArrowDown,ArrowUp,ArrowLeft,ArrowRight": ["Go to a card", (event) => event.target.matches("body, .board") ? start(event) : toCard(event)],
  "Shift+ArrowDown,Shift+ArrowUp,Shift+ArrowLeft,Shift+ArrowRight": ["Select cards", toCard],
  x: ["Select or deselect the card", onCard((card) => selection ? false : void selecting().then(({ pick }) => pick(card, true)))], // later it listens itself
  Space: ["Lift the card; the arrows move it, Space drops it", onCard((card) => {
    isLifting = true;
    lifting().then(({ lift, drop }) => isLifted() ? drop() : lift(card, true));
  })],
  ...Object.fromEntries(Object.entries(FIELDS).map(([key, [text, name]]) => [key, [text, onCard((card) => isLifted() ? false : void edit(card, linkOf(card), name)), focused]])),
  Enter: ["Open the card", onCard(() => isLifted() && void moving.drop())],
  Escape: ["", () => {
    if (coming && !moving && isLifting) return void coming.then(() => isLifted() && moving.cancel());
    if (isLifted()) return moving.cancel(); // the panel stays open
    for (const refusal of all(".refusal")) refusal.remove();
    return false;
  }],
  Tab: ["", () => {
    if (isLifted()) moving.cancel();
    return false;
  }],
});

// Edit a field of the selected cards, else of this card.
async function edit(card, anchor, name = anchor.dataset.field) {
  if (selection?.picked().length && selection.pressed(name)) return;
  const { editField } = await wait(card, import("./fields.js"));
  editField(card.dataset.key, name, anchor);
}

// ---- The pointer

addEventListener("pointerover", () => { selecting(); lifting(); dragging(); }, { once: true });
addEventListener("pointerdown", (down) => {
  const mine = pressed = { down };
  lifting().then(dragging).then(({ press }) => pressed === mine && press(pressed));
});
for (const type of ["pointermove", "pointerup", "pointercancel"]) addEventListener(type, (event) => { if (pressed) pressed[type] = event; });
addEventListener("touchmove", (event) => isLifted() && event.preventDefault(), { passive: false }); // here: it must be known when a touch begins
addEventListener("contextmenu", (event) => drag?.isHeld() && event.preventDefault());
addEventListener("dragstart", (event) => event.target.closest?.(CARD) && event.preventDefault());
addEventListener("click", (event) => {
  const card = event.target.closest(CARD);
  if (!card) return;
  if (drag?.ends(event)) {
    event.preventDefault();
    event.stopImmediatePropagation();
  } else if (!selection && event.target.matches("[data-pick]")) {
    selecting().then(({ pick }) => pick(card));
  } else if (event.target.closest("button[data-field]")) {
    event.stopImmediatePropagation(); // fields.js listens once loaded
    edit(card, event.target.closest("button"));
  } else if (!event.target.closest("a, button, input, .refusal")) { // a sign on the card opens it, too
    const { ctrlKey, metaKey, shiftKey } = event;
    linkOf(card).dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true, ctrlKey, metaKey, shiftKey }));
  }
}, true);

// ---- Columns and rows that are folded; empty columns are, until you unfold them

const KEPT = `pm-folded:${document.body.dataset.project}`;
const folds = JSON.parse(localStorage.getItem(KEPT) ?? "{}");

// Apply the folds, but not to the column of the list `shown`.
export function fold(shown = null) {
  for (const head of all("[data-column]")) {
    const { column } = head.dataset;
    const folded = (folds[column] ?? "empty" in head.dataset) && shown?.dataset.of !== column;
    for (const part of [head, ...all(`[data-of="${column}"]`)]) part.classList.toggle("folded", folded);
    for (const button of all("[data-fold]", head)) button.setAttribute("aria-expanded", String(!folded));
  }
  for (const button of all("[data-fold-row]")) {
    const row = button.closest("[id]"), folded = folds[row.id] ?? false;
    row.classList.toggle("folded", folded);
    button.setAttribute("aria-expanded", String(!folded));
  }
}

addEventListener("click", ({ target }) => {
  const part = target.closest?.("[data-fold-row], [data-fold], .lane.folded")?.closest(".group, [data-column], [data-of]");
  if (!part || target.closest(CARD)) return;
  folds[part.dataset.column ?? part.dataset.of ?? part.id] = !part.classList.contains("folded");
  localStorage.setItem(KEPT, JSON.stringify(folds));
  fold();
});

// ---- The rest of a long list is loaded when it is scrolled to

const scrolled = new IntersectionObserver((entries) => {
  const { target } = entries.find(({ isIntersecting }) => isIntersecting) ?? {};
  if (!target?.isConnected || isLifted()) return;
  const url = new URL(location), [name, number] = target.dataset.grows.split(".");
  const shown = new Map((url.searchParams.get("more") ?? "").split(",").filter(Boolean).map((part) => part.split(".")));
  url.searchParams.set("more", [...shown.set(name, number)].map((part) => part.join(".")).join(","));
  show(url.pathname + url.search, true);
}, { rootMargin: "400px 0px", scrollMargin: "400px 0px" });

// ---- Roving tabindex: one tab stop per list; arrow keys move within it.

function settle() {
  fold();
  for (const lane of all("[data-lane]")) {
    const links = cardsOf(lane).map(linkOf);
    const stop = links.find((link) => link.tabIndex === 0 && link.hasAttribute("tabindex")) ?? links[0];
    for (const link of links) if (link.getAttribute("tabindex") !== (link === stop ? "0" : "-1")) link.tabIndex = link === stop ? 0 : -1;
  }
  for (const button of all("[data-card] > p > button:not([tabindex]), .marks > :is(a, button):not([tabindex])")) button.tabIndex = -1;
  scrolled.disconnect();
  for (const rest of all("[data-grows]")) scrolled.observe(rest);
  count();
}

// The minutes that are left of claims
function count() {
  for (const left of all("[data-until]")) {
    const text = `${Math.max(0, Math.ceil((new Date(left.dataset.until) - Date.now()) / 60000))} min`;
    if (left.textContent !== text) left.textContent = text;
  }
}

addEventListener("pm:settled", settle);
settle();
setInterval(count, 20000);

addEventListener("focusin", ({ target }) => {
  const card = target.closest("[data-card]");
  if (!card || target !== linkOf(card) || target.tabIndex === 0) return;
  for (const other of cardsOf(card.parentNode)) linkOf(other).tabIndex = -1;
  target.tabIndex = 0;
});
