// Cards: going from one to another, single keys, folding, and moving with keyboard, mouse, pen or touch.
// templates/pm/base.html documents the markup.

import { all, announce, catchUp, held, post, reason, refresh, show } from "./pm.js";

let lifted = null; // {card, lane, next}: the card being moved and its original place
const cardsOf = (lane) => [...lane.children].filter((child) => child.matches("[data-card]"));
const linkOf = (card) => card.querySelector("a[href]");
const CARD = "[data-move] [data-card]";
const ANYWAY = { unclaim: "End the claim and move", force: "Mark as done anyway" }; // the button that overrides a refusal
let selection = null; // its module, which is loaded with the first key or pointer that may need it
const selecting = async () => selection ??= await import("./selection.js");
const FIELDS = { s: "status", p: "priority", a: "assignee", l: "labels", e: "story_points" };

function lift(card) {
  card.querySelector(".refusal")?.remove();
  lifted = { card, lane: card.parentNode, next: card.nextElementSibling };
  held.add(card);
  card.setAttribute("data-lifted", "");
}

function put(card, lane, before) {
  before ??= lane.querySelector(":scope > .rest");
  if (card === before || (card.parentNode === lane && card.nextElementSibling === before)) return;
  const focused = card.contains(document.activeElement);
  lane.insertBefore(card, before);
  if (grip?.slot) card.before(grip.slot);
  if (focused) linkOf(card).focus();
}

function release() {
  const was = lifted;
  lifted = null;
  held.delete(was.card);
  was.card.removeAttribute("data-lifted");
  fold();
  return was;
}

function giveBack({ card, lane, next }) {
  put(card, lane, next?.parentNode === lane ? next : null);
}

function cancel(announces = true) {
  const was = release();
  giveBack(was);
  if (announces) announce(`Move of ${was.card.dataset.key} cancelled.`);
  catchUp();
}

const whereIs = (card) => {
  const lane = card.parentNode, cards = cardsOf(lane);
  return `${lane.getAttribute("aria-label")}, ${cards.indexOf(card) + 1} of ${cards.length}`;
};

async function send(url, data) {
  const answer = await post(url, data);
  if (!answer) throw Error("The server is unreachable; nothing was moved.");
  if (!answer.ok) throw Error(await reason(answer), { cause: answer.headers.get("PM-Again") });
  return answer.status === 204 ? {} : answer.json();
}

async function drop() {
  const was = release(), { card } = was, lane = card.parentNode, { key, version } = card.dataset;
  if (lane === was.lane && card.nextElementSibling === was.next) {
    announce(`${key} was not moved.`);
    return catchUp();
  }
  const data = new URLSearchParams(lane.dataset.lane);
  const cards = cardsOf(lane), index = cards.indexOf(card);
  data.set("item", key);
  data.set("version", version);
  if (!("unordered" in lane.dataset)) {
    if (index) data.set("after", cards[index - 1].dataset.key);
    else if (cards[1]) data.set("before", cards[1].dataset.key);
  }
  return move(was, data);
}

async function move(was, data) {
  const { card } = was, { key } = card.dataset, lane = card.parentNode, next = card.nextElementSibling;
  held.add(data);
  try {
    const answer = await send(card.closest("[data-move]").dataset.move, data);
    if (answer.version) card.dataset.version = answer.version;
    const { toast } = await import("./toast.js");
    toast(`${key} is now in ${whereIs(card)}. ${answer.warning ?? ""}`, answer.undo);
  } catch (error) {
    giveBack(was);
    const agree = (name, value) => { // a claim ends
      card.querySelector(".refusal")?.remove();
      data.set(name, value);
      put(card, lane, next?.parentNode === lane ? next : null);
      return move(was, data);
    };
    const [name, value] = error.cause?.split("=") ?? [];
    refuse(card, error.message, name && { label: ANYWAY[name], action: () => agree(name, value) });
  } finally {
    held.delete(data);
  }
  return refresh();
}

function refuse(card, text, anyway) {
  const refusal = document.createElement("p");
  for (const [name, value] of [["class", "refusal"], ["data-keep", ""], ["role", "alert"]]) refusal.setAttribute(name, value);
  refusal.textContent = text;
  card.append(refusal);
  const offer = (label, action) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = label;
    button.addEventListener("click", action);
    refusal.append(" ", button);
  };
  if (anyway) offer(anyway.label, anyway.action);
  offer("Close", () => { refusal.remove(); linkOf(card).focus(); });
}

// ---- The keyboard

// Where an arrow leads from a card: a lifted one to any list, the focus to one that has cards.
function neighbour(card, key) {
  const lane = card.parentNode, cards = cardsOf(lane), index = cards.indexOf(card);
  const rows = all("[data-row]", card.closest("[data-move]")).filter((row) => row.offsetParent).map((row) => all("[data-lane]", row));
  const y = rows.findIndex((row) => row.includes(lane)), x = rows[y].indexOf(lane);
  const goal = (lanes) => lanes.find((one) => lifted || cardsOf(one).length && !one.matches(".folded"));
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
  const others = cardsOf(lane).filter((other) => other !== card || !lifted);
  if (!lifted) {
    const other = others[Math.min(index, others.length - 1)];
    if (extends_) selecting().then(({ extend }) => extend(card, other));
    return void linkOf(other).focus();
  }
  fold(lane); // first: what is folded takes no focus
  put(card, lane, others[index] ?? null);
  card.scrollIntoView({ block: "nearest", inline: "nearest" });
  announce(whereIs(card));
}

const ARROWS = { h: "ArrowLeft", j: "ArrowDown", k: "ArrowUp" };

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (lifted && (event.key === "Escape" || event.key === "Tab")) {
    if (event.key === "Escape") event.preventDefault(); // the panel stays open
    return cancel();
  }
  if (event.key === "Escape") for (const refusal of all(".refusal")) refusal.remove();
  const card = event.target.matches?.("a[href]") && event.target.closest(CARD);
  if (!card) return;
  const key = ARROWS[event.key] ?? event.key, { shiftKey } = event;
  if (key.startsWith("Arrow")) onArrow(card, key, shiftKey);
  else if (lifted && (key === " " || key === "Enter")) drop();
  else if (key === "x" && !selection) selecting().then(({ pick }) => pick(card, true)); // later it listens itself
  else if (key === " ") {
    lift(card);
    announce(`${card.dataset.key} picked up. Use the arrow keys to move it, Space to drop it, Escape to cancel.`);
  } else if (!lifted && FIELDS[key] && !shiftKey) edit(card, linkOf(card), FIELDS[key]);
  else return;
  event.preventDefault();
});

// Edit a field of the selected cards in the bar, else of this card.
async function edit(card, anchor, name = anchor.dataset.field) {
  if (selection?.picked().length && selection.pressed(name)) return;
  const { editField } = await import("./fields.js");
  editField(card.dataset.key, name, anchor);
}

// ---- Dragging starts after a few pixels with a mouse, and after a delay with touch so that lists can still scroll.
const FAR = 5, LONG = 350, EDGE = 48, STEP = 12; // pixels, milliseconds, pixels, pixels a frame
let grip = null, dragged = false; // the pointer pressed on a card; whether the click of a drag is still to come

function grab() {
  if (lifted) cancel();
  const { card, id, x, y } = grip, box = card.getBoundingClientRect();
  const slot = document.createElement("li"); // where the card would land
  slot.className = "slot";
  slot.style.height = `${box.height}px`;
  card.style.width = `${box.width}px`;
  Object.assign(grip, { held: true, slot, dx: x - box.left, dy: y - box.top });
  card.setPointerCapture(id);
  lift(card);
  card.before(slot);
  card.setAttribute("data-carried", "");
  requestAnimationFrame(carry);
}

function letGo() {
  clearTimeout(grip?.timer);
  if (grip?.held) {
    grip.slot.remove();
    grip.card.removeAttribute("data-carried");
    grip.card.style.width = grip.card.style.left = grip.card.style.top = "";
  }
  grip = null;
}

function carry() {
  if (!grip?.held) return;
  if (!lifted) return letGo();
  const { card, x, y, dx, dy } = grip, whole = card.closest("[data-move]"), box = whole.getBoundingClientRect();
  const push = (at, low, high) => STEP * ((at > high - EDGE) - (at < low + EDGE));
  card.style.left = `${x - dx}px`;
  card.style.top = `${y - dy}px`;
  const lane = document.elementFromPoint(x, y)?.closest("[data-lane]"), over = lane && whole.contains(lane);
  const own = over && getComputedStyle(lane).overflowY === "auto" && lane.getBoundingClientRect(); // a list with its own scrollbar
  whole.scrollBy(push(x, Math.max(box.left, 0), Math.min(box.right, innerWidth)), own ? 0 : push(y, Math.max(box.top, 0), Math.min(box.bottom, innerHeight)));
  if (own) lane.scrollBy(0, push(y, own.top, own.bottom));
  else scrollBy(0, push(y, 0, innerHeight));
  if (over) {
    put(card, lane, cardsOf(lane).find((other) => {
      const { top, height } = other.getBoundingClientRect();
      return other !== card && y < top + height / 2;
    }));
  }
  requestAnimationFrame(carry);
}

addEventListener("pointerover", selecting, { once: true });
addEventListener("pointerdown", ({ target, button, isPrimary, pointerType, shiftKey, pointerId: id, clientX: x, clientY: y }) => {
  const card = isPrimary && !button && !shiftKey && !target.closest("button, input") && target.closest(CARD);
  dragged = false; // whatever is pressed now is another click
  if (card) grip = { card, id, x, y, touch: pointerType === "touch", timer: pointerType === "touch" && setTimeout(grab, LONG) };
});

addEventListener("pointermove", ({ pointerId, clientX: x, clientY: y }) => {
  if (grip?.id !== pointerId) return;
  if (!grip.held && Math.hypot(x - grip.x, y - grip.y) > FAR) {
    if (grip.timer) return letGo(); // the user is scrolling
    grab();
  }
  if (grip.held) Object.assign(grip, { x, y, moved: true });
});

addEventListener("pointerup", ({ pointerId }) => {
  if (grip?.id !== pointerId) return;
  if (grip.held) dragged = true;
  carry();
  const { held: was, touch, moved, card } = grip ?? {};
  letGo();
  if (was && touch && !moved) selecting().then(({ pick }) => pick(card)); // a long press selects
  if (was) drop();
});

addEventListener("pointercancel", () => {
  if (grip?.held && lifted) cancel();
  letGo();
});

addEventListener("touchmove", (event) => grip?.held && event.preventDefault(), { passive: false });
addEventListener("contextmenu", (event) => grip?.held && event.preventDefault());
addEventListener("dragstart", (event) => event.target.closest?.(CARD) && event.preventDefault());
addEventListener("click", (event) => {
  const card = event.target.closest(CARD);
  if (!card) return;
  if (dragged && event.detail) { // the click at the end of a drag; one by keyboard has no detail
    dragged = false;
    event.preventDefault();
    event.stopImmediatePropagation();
  } else if (event.target.closest("button[data-field]")) {
    event.stopImmediatePropagation(); // fields.js listens only once it is loaded
    edit(card, event.target.closest("button"));
  } else if (!event.target.closest("a, button, input, .refusal")) { // a sign on the card opens it, too
    const { ctrlKey, metaKey, shiftKey } = event;
    linkOf(card).dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true, ctrlKey, metaKey, shiftKey }));
  }
}, true);

// ---- Columns and rows that are folded; empty columns are, until somebody unfolds them

const KEPT = `pm-folded:${document.body.dataset.project}`;
const folds = JSON.parse(localStorage.getItem(KEPT) ?? "{}");

// Apply the folds, but not to the column of the list `shown`.
function fold(shown = null) {
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
  if (!target?.isConnected || lifted) return;
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
  for (const button of all("[data-card] > p > button:not([tabindex]), .marks > button:not([tabindex])")) button.tabIndex = -1;
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
