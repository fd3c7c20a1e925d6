// Move a card: lift it, put it elsewhere, drop it there or give it back. cards.js loads this when a card may be moved.

import { CARD, cardsOf, fold, linkOf } from "./cards.js";
import { $, all, announce, catchUp, held, post, reason, refresh } from "./pm.js";

export const SLOT = "drop-slot"; // the ID of the element that shows where a dragged card would land
const ANYWAY = { unclaim: "End the claim and move", force: "Mark as done anyway" }; // the button that overrides a refusal
let lifted = null; // {card, lane, next, group}: the card being moved, its original place, and what moves with it

export const isLifted = () => Boolean(lifted);

// Lift a card, and with a selected one all that are selected; `hints` how to go on with the keyboard.
export function lift(card, hints = false) {
  card.querySelector(".refusal")?.remove();
  const group = card.hasAttribute("data-selected") ? all(`${CARD}[data-selected]`) : [card], it = group[1] ? "them" : "it"; // in the order of the page
  lifted = { card, lane: card.parentNode, next: card.nextElementSibling, group };
  held.add(card);
  card.setAttribute("data-lifted", "");
  if (group[1]) card.dataset.count = group.length;
  if (hints) announce(`${nameOf(lifted)} picked up. Use the arrow keys to move ${it}, Space to drop ${it}, Escape to cancel.`);
}

const nameOf = ({ card, group }) => group[1] ? `${group.length} items` : card.dataset.key;

export function put(card, lane, before) {
  before ??= lane.querySelector(":scope > .rest");
  if (card === before || (card.parentNode === lane && card.nextElementSibling === before)) return;
  const focused = card.contains(document.activeElement);
  lane.insertBefore(card, before);
  if ($(SLOT)) card.before($(SLOT));
  if (focused) linkOf(card).focus();
}

function release() {
  const was = lifted, lane = was.card.parentNode;
  lifted = null;
  held.delete(was.card);
  was.card.removeAttribute("data-lifted");
  delete was.card.dataset.count;
  fold(lane); // but not where the card is: what is folded keeps no focus
  return was;
}

function giveBack({ card, lane, next }) {
  put(card, lane, next?.parentNode === lane ? next : null);
}

export function cancel(announces = true) {
  const was = release();
  giveBack(was);
  if (announces) announce(`Move of ${nameOf(was)} cancelled.`);
  catchUp();
}

export const whereIs = (card) => {
  const lane = card.parentNode, cards = cardsOf(lane);
  return `${lane.getAttribute("aria-label")}, ${cards.indexOf(card) + 1} of ${cards.length}`;
};

async function send(url, data) {
  const answer = await post(url, data);
  if (!answer) throw Error("The server is unreachable; nothing was moved.");
  if (!answer.ok) throw Error(await reason(answer), { cause: answer.headers.get("PM-Again") });
  return answer.status === 204 ? {} : answer.json();
}

export async function drop() {
  const was = release(), { card, group } = was, lane = card.parentNode, [first, ...others] = group;
  if (lane === was.lane && card.nextElementSibling === was.next) {
    announce(`${nameOf(was)} ${others.length ? "were" : "was"} not moved.`);
    return catchUp();
  }
  const data = new URLSearchParams(lane.dataset.lane);
  const cards = cardsOf(lane).filter((one) => one === card || !group.includes(one)), index = cards.indexOf(card);
  data.set("item", first.dataset.key);
  data.set("version", first.dataset.version);
  for (const { dataset } of others) data.append("also", `${dataset.key}:${dataset.version}`);
  if (!("unordered" in lane.dataset)) {
    if (index) data.set("after", cards[index - 1].dataset.key);
    else if (cards[1]) data.set("before", cards[1].dataset.key);
  }
  return move(was, data);
}

async function move(was, data) {
  const { card, group } = was, lane = card.parentNode, next = card.nextElementSibling;
  held.add(data);
  try {
    const answer = await send(card.closest("[data-move]").dataset.move, data);
    if (answer.version && !group[1]) card.dataset.version = answer.version;
    const { toast } = await import("./toast.js");
    toast(`${nameOf(was)} ${group[1] ? `are now in ${lane.getAttribute("aria-label")}` : `is now in ${whereIs(card)}`}. ${answer.warning ?? ""}`, answer.undo);
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
