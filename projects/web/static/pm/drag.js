// Drag cards: at once with a mouse or a pen, after a delay with touch, so that lists can still scroll.

import { CARD, cardsOf } from "./cards.js";
import { SLOT, cancel, drop, isLifted, lift, put } from "./moving.js";
import { catchUp, held } from "./pm.js";

const FAR = 5, LONG = 350, EDGE = 48, STEP = 12; // pixels, milliseconds, pixels, pixels a frame
// The pointer pressed on a card: while it is, no refresh moves what is under it. Whether the click of a drag is to come.
let grip = null, dragged = false;

function grab() {
  if (isLifted()) cancel();
  const { card, id, x, y } = grip, box = card.getBoundingClientRect();
  const slot = document.createElement("li"); // where the card would land
  slot.className = "slot";
  slot.id = SLOT;
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
  held.delete(grip);
  grip = null;
  catchUp();
}

function carry() {
  if (!grip?.held) return;
  if (!isLifted()) return letGo();
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

// Take the button that went down, and what the pointer did since: this module may come when the drag is over.
export function press({ down, pointermove, pointerup, pointercancel }) {
  if (pointercancel || pointerup && down.pointerType === "touch") return;
  begin(down);
  if (pointermove) move(pointermove);
  if (pointerup) end(pointerup);
}

function begin({ target, button, isPrimary, pointerType, shiftKey, pointerId: id, clientX: x, clientY: y }) {
  const card = isPrimary && !button && !shiftKey && !target.closest("input, .refusal") && target.closest(CARD);
  dragged = false; // whatever is pressed now is another click
  if (!card) return;
  letGo(); // one whose release was never seen
  grip = { card, id, x, y, touch: pointerType === "touch", timer: pointerType === "touch" && setTimeout(grab, LONG) };
  held.add(grip);
}

export const isHeld = () => Boolean(grip?.held);

// Return whether this click is the end of a drag; one by keyboard has no detail.
export function ends(event) {
  const is = dragged && event.detail;
  if (is) dragged = false;
  return is;
}

function giveUp() {
  if (grip?.held && isLifted()) cancel();
  letGo();
}

function move({ pointerId, buttons, clientX: x, clientY: y }) {
  if (grip?.id !== pointerId) return;
  if (!buttons) return giveUp(); // released where no event says so
  if (!grip.held && Math.hypot(x - grip.x, y - grip.y) > FAR) {
    if (grip.timer) return letGo(); // the user is scrolling
    grab();
  }
  if (grip.held) Object.assign(grip, { x, y, moved: true });
}

function end({ pointerId }) {
  if (grip?.id !== pointerId) return;
  if (grip.held) dragged = true;
  carry();
  const { held: was, touch, moved, card } = grip ?? {};
  letGo();
  if (was && touch && !moved) import("./selection.js").then(({ pick }) => pick(card)); // a long press selects
  if (was) drop();
}

addEventListener("pointermove", move);
addEventListener("pointerup", end);
addEventListener("pointercancel", giveUp);
