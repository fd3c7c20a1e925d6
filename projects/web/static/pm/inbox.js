// Keys and the selected entry of the inbox. Its entries are forms as on all pages; see templates/pm/base.html.

import { register } from "./keys.js";
import { $, alerts, all, followAlerts, refocus, refresh, wayTo } from "./pm.js";

const list = $("inbox-list");
const entries = () => all("[data-entry]", list);
const current = () => list.querySelector("[data-current]");
let place = 0; // of the current entry, to select the next one when it is gone

function select(entry, { focus = false } = {}) {
  for (const other of entries()) {
    other.toggleAttribute("data-current", other === entry);
    other.tabIndex = other === entry ? 0 : -1;
  }
  if (!entry) return;
  place = entries().indexOf(entry);
  if (focus) entry.focus({ preventScroll: true });
  if (focus) entry.scrollIntoView({ block: "nearest" });
}

function keep() {
  if (!current()) select(entries()[Math.min(place, entries().length - 1)], { focus: list.contains(document.activeElement) });
}

function step(by) {
  const next = entries()[entries().indexOf(current()) + by];
  if (next) select(next, { focus: true });
}

function press(key) {
  const target = current()?.querySelector(`[data-act="${CSS.escape(key)}"]`);
  if (!target) return false;
  target.focus();
  if (target.matches("button")) target.click();
  else target.select();
  return true;
}

function inField(event) {
  const { target, key } = event;
  if (key === "Escape") target.closest("[data-entry]")?.focus();
  else if (key === "Enter" && !event.shiftKey && !event.isComposing) target.form.requestSubmit();
  else return;
  event.preventDefault();
}

list.addEventListener("keydown", (event) => {
  if (event.target.matches("input, textarea, select") && !event.ctrlKey && !event.metaKey && !event.altKey) inField(event);
});

const inside = (act) => (event) => (event.target === document.body || $("main").contains(event.target)) && act(event);
const acts = inside(({ key, repeat }) => !repeat && press(key));
register("Inbox", {
  "j,ArrowDown": ["Next entry", inside(() => step(1))],
  "k,ArrowUp": ["Previous entry", inside(() => step(-1))],
  Enter: ["Open the item; in a text: send it", inside(({ target }) => target.matches("body, main, [data-entry]") && current()?.querySelector("a[data-open]")?.click())],
  "Shift+Enter": ["In a text: a new line"],
  Escape: ["Leave the text; your draft is kept"],
  a: ["Accept, confirm, take the default, put back in To do", acts],
  r: ["Reply: answer in your own words, or send back with a comment", acts],
  "1,2,3,4,5,6,7,8,9": ["Choose this answer; tick this criterion; 1 approves a command", acts],
  w: ["Accept anyway, and say why", acts],
  m: ["Assign it: to you, or to the name that you type", acts],
  d: ["Delete the check", acts],
});

list.addEventListener("focusin", ({ target }) => {
  const entry = target.closest("[data-entry]");
  if (entry && !entry.hasAttribute("data-current")) select(entry);
});
list.addEventListener("click", ({ target }) => {
  const entry = target.closest("[data-entry]");
  if (entry && !entry.hasAttribute("data-current")) select(entry, { focus: !target.closest("a, button, input, textarea, summary") });
});

// What is settled goes at once, so that the next key is for the next entry.
list.addEventListener("pm:done", ({ target, detail }) => {
  if (!target.closest(".acts")) return; // a criterion was ticked
  const entry = target.closest("[data-entry]");
  const link = entry.querySelector("a[data-open]"), text = `Open ${entry.dataset.key}`;
  if (!entry.matches(".review, .question")) import("./toast.js").then(({ toast }) => toast(detail, "", link && { href: link.href, text })); // the server sends that of these
  place = entries().indexOf(entry);
  const way = wayTo(entry);
  entry.remove();
  if (entries().length) select(entries()[Math.min(place, entries().length - 1)], { focus: true });
  else refocus(way);
});
addEventListener("pm:settled", keep);
addEventListener("pm:inbox", refresh);

// ---- Notifications

const button = $("inbox-alerts");
const STATES = { on: "Notifications are on", off: "Notify me", denied: "The browser blocks notifications" };

function showAlerts() {
  const state = Notification.permission === "denied" ? "denied" : alerts.on ? "on" : "off";
  button.textContent = STATES[state];
  button.setAttribute("aria-pressed", String(state === "on"));
  button.disabled = state === "denied";
  button.hidden = false;
}

button.addEventListener("click", async () => {
  if (alerts.on) localStorage.removeItem("pm-alerts");
  else if (await Notification.requestPermission() === "granted") localStorage.setItem("pm-alerts", "on");
  followAlerts();
  showAlerts();
});

if ("Notification" in window) showAlerts();
select(document.getElementById(location.hash.slice(1)) ?? entries()[0]);
