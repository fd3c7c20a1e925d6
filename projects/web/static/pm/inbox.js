// Keys and the selected entry of the inbox. Its entries are forms as on all pages; see templates/pm/base.html.

import { $, alerts, all, followAlerts, refresh } from "./pm.js";

const list = $("inbox-list"), help = $("inbox-keys"), said = $("inbox-said");
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

addEventListener("keydown", (event) => {
  const { target, key } = event;
  if (event.ctrlKey || event.metaKey || event.altKey || help.open) return;
  if (target.matches("input, textarea, select")) return void (list.contains(target) && inField(event));
  if (target !== document.body && !$("main").contains(target)) return;
  if (key === "?") help.showModal();
  else if (key === "j" || key === "ArrowDown") step(1);
  else if (key === "k" || key === "ArrowUp") step(-1);
  else if (key === "Enter" && target.matches("body, main, [data-entry]")) current()?.querySelector("a[data-open]")?.click();
  else if (event.repeat || key.length !== 1 || !press(key)) return;
  event.preventDefault();
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
  const entry = target.closest("[data-entry]");
  const link = entry.querySelector("a[data-open]")?.cloneNode();
  link?.append("Open it");
  said.replaceChildren(detail, ...(link ? [" ", link] : [])); // its history can undo a slip
  place = entries().indexOf(entry);
  entry.remove();
  select(entries()[Math.min(place, entries().length - 1)], { focus: true });
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
