// Keyboard navigation and drag and drop of cards, with keyboard, mouse, pen or touch. templates/pm/base.html documents the markup.

import { all, announce, catchUp, held, post, reason, refresh } from "./pm.js";

let lifted = null; // {card, lane, next}: the card being moved and its original place
const cardsOf = (lane) => [...lane.children].filter((child) => child.matches("[data-card]"));
const linkOf = (card) => card.querySelector("a[href]");
const CARD = "[data-move] [data-card]";
const ANYWAY = { unclaim: "End the claim and move", force: "Mark as done anyway" }; // the button that overrides a refusal

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
  if (focused) linkOf(card).focus();
}

function release() {
  const was = lifted;
  lifted = null;
  held.delete(was.card);
  was.card.removeAttribute("data-lifted");
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
    announce(`${key} is now in ${whereIs(card)}. ${answer.warning ?? ""}`);
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

function neighbour(card, key) {
  const lane = card.parentNode, cards = cardsOf(lane), index = cards.indexOf(card);
  const rows = all("[data-row]", card.closest("[data-move]")).map((row) => all("[data-lane]", row)).filter((row) => row.length);
  const y = rows.findIndex((row) => row.includes(lane)), x = rows[y].indexOf(lane);
  if (key === "ArrowLeft" || key === "ArrowRight") return { lane: rows[y][x + (key === "ArrowLeft" ? -1 : 1)], index };
  const to = index + (key === "ArrowUp" ? -1 : 1);
  if (to >= 0 && to < cards.length) return { lane, index: to };
  return { lane: rows[y + (to < 0 ? -1 : 1)]?.[x], index: to < 0 ? Infinity : 0 };
}

function onArrow(card, key) {
  const { lane, index } = neighbour(card, key);
  if (!lane) return;
  const others = cardsOf(lane).filter((other) => other !== card || !lifted);
  if (!lifted) return void (others.length && linkOf(others[Math.min(index, others.length - 1)]).focus());
  put(card, lane, others[index] ?? null);
  card.scrollIntoView({ block: "nearest", inline: "nearest" });
  announce(whereIs(card));
}

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (lifted && (event.key === "Escape" || event.key === "Tab")) return cancel();
  if (event.key === "Escape") for (const refusal of all(".refusal")) refusal.remove();
  const card = event.target.matches?.("a[href]") && event.target.closest(CARD);
  if (!card) return;
  if (event.key.startsWith("Arrow")) onArrow(card, event.key);
  else if (lifted && (event.key === " " || event.key === "Enter")) drop();
  else if (event.key === " ") {
    lift(card);
    announce(`${card.dataset.key} picked up. Use the arrow keys to move it, Space to drop it, Escape to cancel.`);
  } else return;
  event.preventDefault();
});

// ---- Dragging starts after a few pixels with a mouse, and after a delay with touch so that lists can still scroll.
const FAR = 5, LONG = 350, EDGE = 48, STEP = 12; // pixels, milliseconds, pixels, pixels a frame
let grip = null, dragged = 0; // the pointer pressed on a card; timestamp of the last drag's end

function grab() {
  if (lifted) cancel();
  const { card, id, x, y } = grip, box = card.getBoundingClientRect();
  Object.assign(grip, { held: true, dx: x - box.left, dy: y - box.top });
  card.setPointerCapture(id);
  lift(card);
  requestAnimationFrame(carry);
}

function letGo() {
  clearTimeout(grip?.timer);
  if (grip?.held) grip.card.style.translate = "";
  grip = null;
}

function carry() {
  if (!grip?.held) return;
  if (!lifted) return letGo();
  const { card, x, y, dx, dy } = grip, whole = card.closest("[data-move]"), box = whole.getBoundingClientRect();
  const push = (at, low, high) => STEP * ((at > high - EDGE) - (at < low + EDGE));
  const down = push(y, Math.max(box.top, 0), Math.min(box.bottom, innerHeight));
  card.style.translate = "";
  const lane = document.elementFromPoint(x, y)?.closest("[data-lane]"), over = lane && whole.contains(lane);
  const own = over && getComputedStyle(lane).overflowY === "auto" && lane.getBoundingClientRect(); // a list with its own scrollbar
  whole.scrollBy(push(x, Math.max(box.left, 0), Math.min(box.right, innerWidth)), own ? 0 : down);
  if (own) lane.scrollBy(0, push(y, own.top, own.bottom));
  else scrollBy(0, push(y, 0, innerHeight));
  if (over) {
    put(card, lane, cardsOf(lane).find((other) => {
      const { top, height } = other.getBoundingClientRect();
      return other !== card && y < top + height / 2;
    }));
  }
  const { left, top } = card.getBoundingClientRect();
  card.style.translate = `${x - dx - left}px ${y - dy - top}px`;
  requestAnimationFrame(carry);
}

addEventListener("pointerdown", ({ target, button, isPrimary, pointerType, pointerId: id, clientX: x, clientY: y }) => {
  const card = isPrimary && !button && !target.closest("button, input") && target.closest(CARD);
  if (card) grip = { card, id, x, y, timer: pointerType === "touch" && setTimeout(grab, LONG) };
});

addEventListener("pointermove", ({ pointerId, clientX: x, clientY: y }) => {
  if (grip?.id !== pointerId) return;
  if (!grip.held && Math.hypot(x - grip.x, y - grip.y) > FAR) {
    if (grip.timer) return letGo(); // the user is scrolling
    grab();
  }
  if (grip.held) Object.assign(grip, { x, y });
});

addEventListener("pointerup", ({ pointerId, timeStamp }) => {
  if (grip?.id !== pointerId) return;
  if (grip.held) dragged = timeStamp;
  carry();
  const held = grip?.held;
  letGo();
  if (held) drop();
});

addEventListener("pointercancel", () => {
  if (grip?.held && lifted) cancel();
  letGo();
});

addEventListener("touchmove", (event) => grip?.held && event.preventDefault(), { passive: false });
addEventListener("contextmenu", (event) => grip?.held && event.preventDefault());
addEventListener("dragstart", (event) => event.target.closest?.(CARD) && event.preventDefault());
addEventListener("click", (event) => event.timeStamp - dragged < 100 && event.target.closest(CARD) && event.preventDefault(), true); // ignore the click at the end of a drag

// ---- Roving tabindex: one tab stop per list; arrow keys move within it.

function settle() {
  for (const lane of all("[data-lane]")) {
    const links = cardsOf(lane).map(linkOf);
    const stop = links.find((link) => link.tabIndex === 0 && link.hasAttribute("tabindex")) ?? links[0];
    for (const link of links) link.tabIndex = link === stop ? 0 : -1;
  }
}

addEventListener("pm:settled", settle);
settle();

addEventListener("focusin", ({ target }) => {
  const card = target.closest("[data-card]");
  if (!card || target !== linkOf(card) || target.tabIndex === 0) return;
  for (const other of cardsOf(card.parentNode)) linkOf(other).tabIndex = -1;
  target.tabIndex = 0;
});
