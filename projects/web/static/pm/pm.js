// Behaviour shared by all pages. The top of templates/pm/base.html documents the markup it relies on.

import { register } from "./keys.js";

export const $ = (id) => document.getElementById(id);
export const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const EVERY = 1000, HIDDEN = 30000, RAREST = 1e9; // ms between polls; more in hidden pages, so that an idle server can stop

// ---- Announcements, times

export function announce(text) {
  $("announcer").textContent = "";
  setTimeout(() => { $("announcer").textContent = text; }, 50); // screen readers announce only changes
}

const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
const absolute = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "medium" });
const zone = absolute.resolvedOptions().timeZone; // for the server, by a cookie
const remember = (name, value) => { document.cookie = `pm_${name}=${encodeURIComponent(value)}; path=/; max-age=31536000; samesite=lax`; };
remember("zone", zone);
const UNITS = [["year", 31557600], ["month", 2629800], ["week", 604800], ["day", 86400], ["hour", 3600], ["minute", 60]];

function updateTimes(root = document) {
  for (const time of all("time[datetime*=T]", root)) {
    const at = new Date(time.dateTime), seconds = (at - Date.now()) / 1000;
    const unit = UNITS.find(([, length]) => Math.abs(seconds) >= length);
    const text = unit ? relative.format(Math.round(seconds / unit[1]), unit[0]) : seconds > 0 ? "in a moment" : "just now";
    if (time.textContent !== text) time.textContent = text;
    time.title = absolute.format(at);
  }
}

// ---- Live updates

const page = document.body.dataset;
let cursor = Number(page.cursor), instance = page.instance;
let seen = 0, rest = EVERY; // the newest change of all projects; ms until the next question
let timer = 0, pause = EVERY, absent = "", refreshing = null, again = false, noticed = "";
export const held = new Set(); // blocks refreshes: a lifted card, a pending move

async function look() {
  clearTimeout(timer);
  rest = EVERY;
  const before = absent; // only a later question ends an absence
  try {
    const query = new URLSearchParams({ since: cursor, ...(page.project && { project: page.project }) });
    // A team's server holds the request until something changes; others answer at once.
    const headers = { "X-Wait": `${Math.max(seen, cursor)}; ${document.hidden || absent ? 0 : 8}` }, asked = Date.now();
    const answer = await fetch(`/live/?${query}`, { cache: "no-store", headers, signal: AbortSignal.timeout(10000) });
    rest = EVERY - (answer.status === 204 ? Date.now() - asked : 0);
    if (answer.status === 401) gone("signed-out");
    else if (answer.status >= 500) gone("away");
    else {
      const said = (name) => answer.headers.get(name), now = said("X-PM-Instance"), rights = said("PM-Rights") ?? page.rights;
      const restarted = instance && now !== instance, isOther = rights !== page.rights;
      [instance, page.rights, seen] = [now, rights, Number(said("PM-Cursor"))];
      if (showWaiting(said("PM-Inbox"))) dispatchEvent(new Event("pm:inbox"));
      if (answer.status === 200) {
        const news = await answer.json();
        await renew(news.keys);
        cursor = Math.max(cursor, news.cursor);
      } else if (restarted || before || isOther) await renew();
      if (restarted || before) back();
      else if (isOther && !noticed) notify("role");
    }
  } catch {
    gone("away");
  }
  clearTimeout(timer);
  pause = !document.hidden ? Math.max(rest, 0) : alerts.on ? HIDDEN : Math.min(Math.max(HIDDEN, pause * 2), RAREST);
  timer = setTimeout(look, pause);
}

// Show the number of inbox entries in frame and title; return true if it changed.
function showWaiting(number) {
  const badges = all("[data-inbox-count]");
  if (!badges.length || number === null || badges[0].textContent === number) return false;
  for (const badge of badges) [badge.textContent, badge.hidden] = [number, number === "0"];
  document.title = (number === "0" ? "" : `(${number}) `) + document.title.replace(/^\(\d+\+?\) /, "");
  return true;
}

// Desktop notifications, where the person allowed them on the inbox page.
export const alerts = { on: false };
export function followAlerts() {
  try { alerts.on = localStorage.getItem("pm-alerts") === "on" && Notification.permission === "granted"; } catch { return; }
  if (alerts.on) import("./alerts.js");
}

export function gone(why) {
  if (absent === why) return;
  absent = why;
  notify(why);
}

function notify(why) {
  noticed = why;
  put($(`notice-${why}`)?.content.cloneNode(true) ?? "");
}

function put(what) {
  $("notice").replaceChildren(what);
  $("notice").hidden = !what;
}

function back() {
  absent = "";
  if (noticed !== "missing") {
    noticed = "";
    put("Reconnected. The page is up to date.");
    setTimeout(() => noticed || put(""), 4000);
  }
  forms?.resend();
}

// Fetch the page and morph the live parts; highlight `keys`. One at a time, and none while something is held.
async function renew(keys = []) {
  if (refreshing || held.size) {
    again = true;
    return refreshing;
  }
  again = false;
  refreshing = update(keys);
  try { await refreshing; } finally { refreshing = null; }
  await catchUp();
}

// Run a postponed refresh.
export const catchUp = () => again && !held.size && refresh();

export const refresh = () => renew().catch(() => gone("away"));

async function update(keys) {
  if (!document.querySelector("[data-live]")) return;
  const url = location.href;
  const answer = await get(url);
  if ([403, 404].includes(answer?.status)) return notify("missing"); // deleted, or a role was taken away
  if (!answer?.ok) return;
  if (noticed && !absent) notify("");
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  if (held.size || url !== location.href) return void (again = true);
  document.body.dataset.headers = fresh.body.dataset.headers; // a new session has a new token
  cursor = Math.max(cursor, Number(fresh.body.dataset.cursor) || 0);
  showWaiting(fresh.getElementById("inbox-count")?.textContent ?? null);
  const focused = document.activeElement, way = wayTo(focused);
  for (const part of all("[data-live]")) {
    const next = fresh.getElementById(part.id);
    if (next) morph(part, next);
  }
  if (!focused.isConnected || focused.disabled) refocus(way);
  else if (document.activeElement !== focused) focused.focus({ preventScroll: true });
  for (const key of keys) for (const shown of all(`[data-key="${CSS.escape(key)}"]`)) light(shown);
  forms?.reveal();
  settle();
}

// The place of an element in its parent, of that in its own, and so on.
export function wayTo(element) {
  const way = [];
  for (let at = element; at?.parentElement; at = at.parentElement) way.push([at.parentElement, [...at.parentElement.children].indexOf(at)]);
  return way;
}

// Focus what took the place of an element: the next row, the one before, or what is around.
export function refocus(way) {
  for (const [parent, index] of way) {
    if (!parent.isConnected) continue;
    for (const near of [parent.children[index], parent.children[index - 1], parent]) {
      if (near) for (const one of [near, ...all(CONTROL, near)]) {
        if (one.matches(CONTROL)) one.focus({ preventScroll: true });
        if (one === document.activeElement) return;
      }
    }
    const heading = parent.querySelector("h1, h2, h3");
    if (!heading) continue;
    heading.tabIndex = -1;
    return heading.focus({ preventScroll: true });
  }
}

export function light(element) {
  element.setAttribute("data-lit", "");
  clearTimeout(element.lit);
  element.lit = setTimeout(() => element.removeAttribute("data-lit"), 3000);
}

const CONTROL = "a[href], button, summary, input:not([type=hidden]), select, textarea, [tabindex='0']";
const OURS = ["tabindex", "open", "data-lit", "data-lifted", "data-current", "data-shown", "data-all", "inert", "aria-busy"]; // set by this script or the user

export const typed = (form) => form.matches("form[data-typed]");

export const idOf = (node) => node.nodeType === 1 ? node.getAttribute("id") : null; // form.id may be an input named "id"

const isKept = (node) => node?.matches?.("[data-keep]:not([id])");

function morph(old, fresh) {
  if (old.isEqualNode(fresh)) return;
  if (old.nodeType !== 1) return void (old.data = fresh.data);
  if (old.matches("[data-keep], [data-error]") || typed(old)) return;
  if (old.matches("time") && old.dateTime === fresh.dateTime) return;
  for (const name of new Set([...fresh.getAttributeNames(), ...old.getAttributeNames()])) {
    if (OURS.includes(name)) continue;
    if (!fresh.hasAttribute(name)) old.removeAttribute(name);
    else if (old.getAttribute(name) !== fresh.getAttribute(name)) old.setAttribute(name, fresh.getAttribute(name));
  }
  if (old.matches("[data-task], [data-filter] input")) old.checked = fresh.checked;
  if (old.matches("[data-filter] [type=search]") && old !== document.activeElement) old.value = fresh.value;
  let here = old.firstChild;
  for (const next of [...fresh.childNodes]) {
    while (isKept(here) && !isKept(next)) here = here.nextSibling; // made by a script
    const like = here && !idOf(here) && here.nodeName === next.nodeName ? here : null;
    const match = idOf(next) ? $(idOf(next)) : like;
    if (!match) old.insertBefore(document.importNode(next, true), here);
    else if (match === here) here = here.nextSibling;
    else old.insertBefore(match, here);
    if (match) morph(match, next);
  }
  while (here) {
    const next = here.nextSibling;
    // Elements that occur later in the fresh tree are moved when their place is reached.
    if (!here.matches?.("[data-keep], form[data-typed]") && !(idOf(here) && fresh.ownerDocument.getElementById(idOf(here)))) here.remove();
    here = next;
  }
}

// ---- Requests

// Send a form's data. Return the response, or undefined if the server is unreachable.
export async function post(url, body) {
  const headers = { ...JSON.parse(document.body.dataset.headers), Accept: "application/json" };
  try {
    const answer = await fetch(url, { method: "POST", body, headers, signal: AbortSignal.timeout(20000) });
    if (answer.status === 401) gone("signed-out");
    return answer;
  } catch {
    gone("away");
  }
}

// Get a part of a page; null, with a notice, if the server or the session is gone.
export async function get(url) {
  try {
    const answer = await fetch(url, { cache: "no-store" });
    const isOut = answer.status === 401 || answer.redirected && answer.url.includes("/login/?next=");
    if (answer.status < 500 && !isOut) return answer;
    gone(isOut ? "signed-out" : "away");
  } catch { gone("away"); }
  return null;
}

// Show on `element` that an answer takes long.
export function wait(element, promise) {
  const timer = setTimeout(() => { element?.setAttribute("aria-busy", "true"); announce("Loading…"); }, 300);
  return promise.finally(() => { clearTimeout(timer); element?.removeAttribute("aria-busy"); });
}

export async function reason(response) {
  try { return (await response.json()).error.message; } catch { return `The server refused the request (${response.status}).`; }
}

// Put `url`, another state of this page, into the history and the address.
export function go(url, { replaces = false, state = history.state } = {}) {
  history[replaces ? "replaceState" : "pushState"](state, "", url);
  shown = here();
}

// Show another state of this page, beside an open panel. With `replaces`, Back does not return here.
export function show(url, replaces = false) {
  const to = new URL(url, location), { searchParams } = new URL(location);
  if (to.pathname === location.pathname && searchParams.has("item")) to.searchParams.set("item", searchParams.get("item"));
  if (to.pathname + to.search === here()) return;
  go(to, { replaces });
  refresh();
}

const waiting = new WeakMap();

// Call `action` once `element` has had no event for `wait` milliseconds.
export function soon(element, wait, action) {
  clearTimeout(waiting.get(element));
  waiting.set(element, setTimeout(action, wait));
}

function filter(form) {
  clearTimeout(waiting.get(form)); // a later one would undo what else changes the address
  const query = new URLSearchParams([...new FormData(form)].filter(([, value]) => value)).toString();
  show(location.pathname + (query && `?${query}`));
}

const here = () => location.pathname + location.search;
let shown = here();
export const state = () => withoutItem(here()); // of the page beneath the panel
const withoutItem = (url) => { const bare = new URL(url, location); bare.searchParams.delete("item"); return bare.pathname + bare.search; };
addEventListener("popstate", () => {
  if (here() === shown) return;
  if (withoutItem(here()) !== withoutItem(shown)) return location.reload();
  shown = here();
  dispatchEvent(new Event("pm:item"));
});

// ---- Forms

let forms = null; // forms.js, loaded with the first form that needs it
const load = async () => forms ??= await import("./forms.js");
const DRAFT = "pm-draft:";
export const uuid = () => [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

// Put the drafts of this browser into their forms.
export async function restoreDrafts(root = document) {
  if (Object.keys(localStorage).some((key) => key.startsWith(DRAFT))) (await load()).restoreDrafts(root);
}

addEventListener("input", ({ target }) => {
  const { form } = target;
  if (target.matches("[data-narrow]")) import("./narrow.js").then(({ narrow }) => narrow(target));
  if (!form || form.matches("[data-bulk]")) return;
  if (form.matches("[data-filter]")) return void (target.type === "search" && target.name && soon(form, 250, () => filter(form)));
  form.setAttribute("data-typed", "");
  load().then(({ onInput }) => onInput(target));
});
addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.defaultPrevented || !event.target.matches?.("[data-narrow]")) return;
  event.preventDefault();
  import("./narrow.js").then(({ takeFirst }) => takeFirst(event.target));
});
addEventListener("focusin", ({ target }) => target.form?.matches("[data-post]") && load()); // before anything is typed
addEventListener("change", ({ target }) => {
  if (target.name && target.form?.matches("[data-filter]")) {
    for (const menu of all(target.type === "radio" ? "details[open]" : "#facet-more[open]", target.form)) if (menu.contains(target)) menu.open = false;
    filter(target.form);
  }
  if (target.matches("[data-task]")) load().then(({ tick }) => tick(target));
});

addEventListener("submit", (event) => {
  const form = event.target;
  if (form.matches("[data-look]") && event.submitter) {
    event.preventDefault();
    const { name, value } = event.submitter;
    document.documentElement.dataset[name] = value;
    remember(name, value); // at once: for the next page
    return void import("./look.js").then(({ press }) => press(form, name, value));
  }
  if (!form.matches("[data-filter], [data-post]")) return;
  event.preventDefault();
  if (form.matches("[data-filter]")) return filter(form);
  const { submitter } = event, data = new FormData(form, submitter); // of now: the module may come later
  load().then(({ send }) => send(form, submitter, data));
});

// After success or Cancel.
addEventListener("reset", ({ target }) => {
  delete target.dataset.typed;
  if (forms) forms.clear(target);
  else load().then(({ clear }) => clear(target));
  const box = target.closest("details[open]");
  box?.removeAttribute("open");
  box?.firstElementChild.focus();
  const dialog = target.closest("dialog[open]");
  dialog?.close();
  if (dialog && document.activeElement === document.body) refocus(wayTo(dialog)); // its button was in a menu
  refresh();
});
addEventListener("toggle", ({ target }) => {
  if (!target.open) return;
  begin(target);
  const previews = all("[data-preview]", target);
  if (previews.length) load().then(({ preview }) => previews.forEach(preview));
}, true);

// Focus the first field; what is typed replaces a name.
function begin(box) {
  const first = box.querySelector("[data-first]");
  first?.focus();
  if (first?.matches("input")) first.select();
}

// Fill in values that only the browser knows.
export function prepare(root = document) {
  updateTimes(root);
  for (const field of all("[data-fresh-id]", root)) field.value ||= uuid();
  for (const field of all("[data-zone]", root)) field.value = zone;
}

// After load and after each change.
function settle() {
  prepare();
  dispatchEvent(new Event("pm:settled"));
}

// ---- The page

// Escape closes an editor, whose text stays as a draft, or a menu. Return whether there was one.
function leave(form) {
  const box = form && form.closest("details[open]"), menus = all("[data-menu][open]");
  if (box && typed(form)) {
    box.removeAttribute("open");
    box.firstElementChild.focus();
    announce("Not saved. The text is kept as a draft.");
  } else if (box) form.reset();
  else if (form && form.matches(".add")) document.activeElement.blur();
  for (const menu of menus) menu.removeAttribute("open");
  return Boolean(box || menus.length);
}

addEventListener("keydown", (event) => {
  if (!event.target.closest) return;
  const form = event.target.matches("textarea, input, select") && event.target.closest("form[data-post]");
  if (form && event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    return form.requestSubmit(form.querySelector("button.primary"));
  }
  if (event.key === "Escape" && !event.defaultPrevented && leave(form)) event.preventDefault(); // where no key of the registry acts
});
register("Everywhere", {
  Escape: ["Close a menu, an editor, the panel; clear the selection", () => leave(null)],
  c: ["New item", ({ target }) => void import("./new-item.js").then(({ openNew }) => openNew(target)), () => document.querySelector("[data-press=c]")],
  "Mod+k": ["Search items, pages and actions", ({ target }) => void import("./palette.js").then(({ openPalette }) => openPalette(target)), null, true],
  "Mod+Enter": ["In a text: save or send it"],
});

addEventListener("click", (event) => {
  const { target } = event, link = target.closest?.("a[data-follow]");
  if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey) {
    event.preventDefault();
    show(link.pathname + link.search);
  }
  for (const menu of all("[data-menu][open]")) if (!menu.contains(target)) menu.removeAttribute("open");
  const dialog = target.closest?.("[data-dialog]")?.dataset.dialog;
  if (dialog) {
    $(dialog).showModal();
    begin($(dialog));
  }
  const edited = target.closest?.("button[data-field]"), { key, item = key } = edited?.closest("[data-key], [data-item]")?.dataset ?? {};
  if (item) wait(edited, import("./fields.js")).then(({ editField }) => editField(item, edited.dataset.field, edited));
  const button = target.closest?.("[data-copy]");
  if (button) navigator.clipboard.writeText(button.dataset.copy).then(() => announce(button.dataset.copied = "Copied."), () => announce("The browser does not allow copying here."));
});

if (page.project) remember("project", page.project);
restoreDrafts();
settle();
if (sessionStorage.getItem("pm-way")) load().then(({ arrive }) => arrive());
followAlerts();
if (all("[data-days-of]").some(({ dataset }) => dataset.daysOf !== zone)) refresh(); // the cookie is new
setInterval(updateTimes, 20000);
if (page.cursor) {
  document.addEventListener("visibilitychange", () => { if (!document.hidden) look(); });
  timer = setTimeout(look, EVERY);
}
