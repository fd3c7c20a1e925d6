// An item's panel beside the page. A link to an item inside `data-panel` opens it; the URL's `item` names it.
// templates/pm/panel.html has the markup.

import { register } from "./keys.js";
import { $, all, announce, get, go, prepare, restoreDrafts, wait } from "./pm.js";

const ITEM = /^\/items\/([A-Z][A-Z0-9]*-\d+)\/$/;
const phone = matchMedia("(max-width: 48rem)");
const FRESH = 2000; // ms that a panel fetched when the button went down is good for
let ahead = null; // {key, at, answer}
let next = ""; // the item to go to once the shown one has left the page
let turn = 0; // counts the panels that were asked for, so that a late answer does not replace a newer one

const keyOf = (link) => link.origin === location.origin && ITEM.exec(link.pathname)?.[1];
const keys = () => [...new Set(all("[data-panel]:not(#panel) a[href*='/items/']").map(keyOf).filter(Boolean))];
const named = () => new URLSearchParams(location.search).get("item");

function address(key) {
  const url = new URL(location);
  url.hash = "";
  if (key) url.searchParams.set("item", key);
  else url.searchParams.delete("item");
  return url;
}

const ask = (key) => get(`/items/${key}/panel/`);
const rowOf = (key) => document.querySelector(`[data-panel]:not(#panel) [data-key="${key}"]`);

// Show the item's panel; `how` is "push" for a new entry of the history, "replace" to change this one, or "" for none.
export async function openPanel(key, how = "push") {
  const mine = ++turn;
  const answer = await wait(rowOf(key) ?? $("panel"), ahead?.key === key && performance.now() - ahead.at < FRESH ? ahead.answer : ask(key));
  ahead = null;
  const html = answer?.ok && !answer.redirected ? await answer.text() : "";
  if (mine !== turn || !answer) return;
  if (!html) return location.assign(`/items/${key}/`);
  const { depth = 0, bare = !named() } = history.state ?? {};
  if (how) go(address(key), { replaces: how === "replace", state: { depth: how === "push" ? depth + 1 : depth, bare } });
  const template = document.createElement("template");
  template.innerHTML = html; // the server rendered and escaped it
  const panel = template.content.querySelector("#panel");
  if ($("panel")) $("panel").replaceWith(panel);
  else document.body.append(panel); // elsewhere it would cost the style of every card
  prepare(panel);
  restoreDrafts(panel);
  settle();
  panel.focus({ preventScroll: true });
  import("./fields.js");
  requestAnimationFrame(() => setTimeout(makeRoom)); // once the panel is seen: a large board takes longer to lay out
}

// Make the page narrower, so that all of it can be scrolled into view beside the panel, and show the item beneath.
function makeRoom() {
  if (!$("panel")) return;
  $("main").setAttribute("data-beside", "");
  document.querySelector("[data-panel] [data-shown]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
}

// Close the panel and return the focus to the item's link; `goes` says whether the address still has to change.
function closePanel(goes = true) {
  turn++;
  const panel = $("panel"), key = panel?.dataset.item;
  if (!panel) return;
  panel.remove();
  settle();
  const links = all("[data-panel] a[href*='/items/']"), link = links.find((one) => keyOf(one) === key) ?? links.find((one) => keyOf(one) === next) ?? links[0] ?? $("main");
  link.focus({ preventScroll: true });
  link.scrollIntoView({ block: "nearest", inline: "nearest" });
  if (!goes) return;
  const { depth = 0, bare = false } = history.state ?? {};
  if (bare && depth) history.go(-depth);
  else go(address(""), { replaces: true, state: null });
}

function step(by) {
  const order = keys(), at = order.indexOf($("panel").dataset.item), to = order[at < 0 ? 0 : at + by];
  if (!to) return announce(by > 0 ? "This is the last item." : "This is the first item.");
  openPanel(to, "replace");
}

// Mark the item beneath, and on a phone, where the panel covers the page, keep the page from the keyboard.
function settle() {
  const key = $("panel")?.dataset.item;
  for (const old of all("[data-panel] [data-shown]")) if (old.dataset.key !== key) old.removeAttribute("data-shown");
  if (key) for (const row of all(`[data-panel]:not(#panel) [data-key="${key}"]`)) row.setAttribute("data-shown", "");
  const order = key ? keys() : [], at = order.indexOf(key);
  if (at >= 0) next = order[at + 1] ?? order[at - 1];
  if (!key) $("main").removeAttribute("data-beside");
  for (const part of all("body > :is(header, main, nav, .skip)")) part.inert = Boolean(key) && phone.matches;
}

addEventListener("click", (event) => {
  const { target } = event, plain = !(event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey);
  if (!target.closest || event.defaultPrevented || !plain) return;
  const link = target.closest("[data-panel] a[href]"), step_ = target.closest("[data-step]");
  if (step_) return step(Number(step_.dataset.step));
  const close = link?.matches("[data-panel-close]"), key = link && !link.matches("[data-full], [target]") && !link.hash && keyOf(link);
  if (!close && !key) return;
  event.preventDefault();
  if (close) closePanel();
  else openPanel(key);
});

addEventListener("pointerdown", ({ target, button, pointerType, ctrlKey, metaKey, shiftKey }) => {
  const key = target.closest?.("[data-panel]:not(#panel) :is([data-card], a[href])")?.closest("[data-key]")?.dataset.key;
  if (key && pointerType === "mouse" && !button && !ctrlKey && !metaKey && !shiftKey && !target.closest("button, input")) ahead = { key, at: performance.now(), answer: ask(key) };
});

// An arrow scrolls the page unless the panel has the focus.
const steps = (by) => ({ target, key }) => $("panel") && (key.length === 1 || target === $("panel")) ? step(by) : false;
register("Item", {
  "j,ArrowDown": ["In the panel: next item", steps(1)],
  "k,ArrowUp": ["In the panel: previous item", steps(-1)],
  Escape: ["", () => $("panel") && !document.querySelector("[data-lifted], [data-selected]") ? closePanel() : (turn++, false)], // one that is on its way does not open
});
addEventListener("keydown", (event) => {
  const { target, key } = event, panel = $("panel");
  if (key !== "Escape" || event.defaultPrevented || document.querySelector("dialog[open], #field-pop")) return;
  if (!panel?.contains(target) || !target.closest("input, textarea, select, [contenteditable]")) return;
  event.preventDefault();
  panel.focus({ preventScroll: true }); // the text stays as a draft
});

addEventListener("pm:item", () => named() ? openPanel(named(), "") : closePanel(false));
addEventListener("pm:settled", settle);
phone.addEventListener("change", settle);
settle();
makeRoom();

// ---- Texts and labels

// Files that are pasted into a text, dropped on it, or chosen.
const itemOf = (element) => element.closest("[data-item]")?.dataset.item ?? /^\/items\/([A-Z]\w*-\d+)\//.exec(element.form?.dataset.post)?.[1];
for (const type of ["paste", "drop", "dragover", "change"]) addEventListener(type, (event) => {
  const { target, clipboardData, dataTransfer } = event, key = target.matches?.("form[data-post] textarea, [data-attach]") && itemOf(target);
  const files = [...(clipboardData ?? dataTransfer ?? target).files ?? []], brings = files.length || dataTransfer?.types.includes("Files");
  if (!key || !brings || clipboardData?.types.includes("text/plain") || (type === "change") !== target.matches("[data-attach]")) return;
  if (type !== "change") event.preventDefault();
  if (type !== "dragover") import("./attachments.js").then(({ attach, sendChosen }) => type === "change" ? sendChosen(key, target) : attach(key, files, target.form, target));
});

const texts = () => import("./texts.js");
addEventListener("click", ({ target }) => {
  const button = target.closest?.("[data-mark], [data-unfold], [data-remove]");
  if (button) texts().then(({ press }) => press(button));
});
addEventListener("keydown", (event) => {
  const { key, target } = event;
  if (key !== "b" || !(event.ctrlKey || event.metaKey) || !target.matches?.("textarea") || !target.form?.querySelector("[data-mark]")) return;
  event.preventDefault();
  texts().then(({ mark }) => mark(target.form, "bold"));
});
