// What the pages do by themselves. What a template must say for it stands at the top of templates/pm/base.html.

const $ = (id) => document.getElementById(id);
const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const EVERY = 1000, HIDDEN = 30000, RAREST = 1e9; // milliseconds between two looks; a hidden page's grow, so that an idle server may stop

// ---- Announcements, times

export function announce(text) {
  $("announcer").textContent = "";
  setTimeout(() => { $("announcer").textContent = text; }, 50); // a reader speaks what changes, not what is set twice
}

const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
const absolute = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "medium" });
const UNITS = [["year", 31557600], ["month", 2629800], ["week", 604800], ["day", 86400], ["hour", 3600], ["minute", 60]];

function tellTimes(root = document) {
  for (const time of all("time[datetime*=T]", root)) {
    const at = new Date(time.dateTime), seconds = (at - Date.now()) / 1000;
    const unit = UNITS.find(([, length]) => Math.abs(seconds) >= length);
    const text = unit ? relative.format(Math.round(seconds / unit[1]), unit[0]) : seconds > 0 ? "in a moment" : "just now";
    if (time.textContent !== text) time.textContent = text;
    time.title = absolute.format(at);
  }
}

// ---- Following the board

const page = document.body.dataset;
let cursor = Number(page.cursor), instance = page.instance;
let timer = 0, pause = EVERY, absent = "", refreshing = null, again = false, sending = 0;
const unsent = new Set(); // forms that could not be sent

async function look() {
  clearTimeout(timer);
  try {
    const query = new URLSearchParams({ since: cursor, ...(page.project && { project: page.project }) });
    const answer = await fetch(`/live/?${query}`, { cache: "no-store", signal: AbortSignal.timeout(10000) });
    if (answer.status === 401) gone("signed-out");
    else if (answer.status >= 500) gone("away");
    else {
      const restarted = instance && answer.headers.get("X-PM-Instance") !== instance;
      instance = answer.headers.get("X-PM-Instance");
      if (answer.status === 200) {
        const news = await answer.json();
        await refresh(news.keys);
        cursor = Math.max(cursor, news.cursor);
      } else if (restarted || absent) await refresh();
      if (restarted || absent) back();
    }
  } catch {
    gone("away");
  }
  clearTimeout(timer);
  pause = document.hidden ? Math.min(Math.max(HIDDEN, pause * 2), RAREST) : EVERY;
  timer = setTimeout(look, pause);
}

const ABSENT = {
  away: "The server is away; waiting for it. What you typed is kept. If it was started on another port: ",
  "signed-out": "You are signed out. What you typed is kept. To go on, run in the repository: ",
};

function gone(why) {
  if (absent === why) return;
  absent = why;
  const command = document.createElement("code");
  command.textContent = "pm server open";
  $("notice").replaceChildren(ABSENT[why], command);
  $("notice").hidden = false;
}

function back() {
  absent = "";
  $("notice").textContent = "Back again: the page is up to date.";
  setTimeout(() => { if (!absent) $("notice").hidden = true; }, 4000);
  for (const form of unsent) if (form.isConnected) form.requestSubmit();
  unsent.clear();
}

// Fetch the page again and put what differs into place; `keys` are lit. One at a time, never under a lifted card.
export async function refresh(keys = []) {
  if (refreshing || lifted || sending) {
    again = true;
    return refreshing;
  }
  again = false;
  refreshing = bring(keys);
  try { await refreshing; } finally { refreshing = null; }
  if (again && !lifted && !sending) await refresh();
}

async function bring(keys) {
  const answer = await fetch(location.href, { headers: { Accept: "text/html" }, cache: "no-store" });
  if (answer.redirected && new URL(answer.url).pathname !== location.pathname) return gone("signed-out");
  if (answer.status >= 500) throw Error(answer.status);
  if (!answer.ok) return; // what it shows is gone
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  if (lifted || sending) return void (again = true);
  document.body.setAttribute("hx-headers", fresh.body.getAttribute("hx-headers")); // a new login has a new token
  cursor = Math.max(cursor, Number(fresh.body.dataset.cursor) || 0);
  const focused = document.activeElement, homes = [];
  for (let at = focused; at; at = at.parentElement) homes.push(idOf(at));
  for (const part of all("[data-live]")) {
    const next = fresh.getElementById(part.id);
    if (next) morph(part, next);
    window.htmx?.process(part);
  }
  const place = focused.isConnected ? focused : homes.map($).find(Boolean)?.querySelector("a[href], button, summary, input:not([type=hidden])");
  if (place && document.activeElement !== place) place.focus({ preventScroll: true });
  for (const key of keys) for (const shown of all(`[data-key="${CSS.escape(key)}"]`)) light(shown);
  settle();
}

function light(element) {
  element.setAttribute("data-lit", "");
  clearTimeout(element.lit);
  element.lit = setTimeout(() => element.removeAttribute("data-lit"), 3000);
}

const OURS = ["tabindex", "open", "data-lit", "data-lifted"]; // attributes that this script or the person sets

const typed = (form) => form.matches("form[data-typed]");
addEventListener("input", ({ target }) => target.form?.setAttribute("data-typed", ""));

const idOf = (node) => node.nodeType === 1 ? node.getAttribute("id") : null; // form.id may be a field of that name

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
  let here = old.firstChild;
  for (const next of [...fresh.childNodes]) {
    while (here?.matches?.("[data-keep]:not([id])")) here = here.nextSibling;
    const like = here && !idOf(here) && here.nodeName === next.nodeName ? here : null;
    const match = idOf(next) ? $(idOf(next)) : like;
    if (!match) old.insertBefore(document.importNode(next, true), here);
    else if (match === here) here = here.nextSibling;
    else old.insertBefore(match, here);
    if (match) morph(match, next);
  }
  while (here) {
    const next = here.nextSibling;
    // What has a place elsewhere is fetched from here when that place is reached.
    if (!here.matches?.("[data-keep]") && !(idOf(here) && fresh.ownerDocument.getElementById(idOf(here)))) here.remove();
    here = next;
  }
}

// ---- Forms: sent by htmx, answered here

const uuid = () => [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

function sayError(form, text) {
  form.querySelector("[data-error]")?.replaceChildren(text);
  announce(text);
}

async function reason(response) {
  try { return (await response.json()).error.message; } catch { return `The server refused it (${response.status}).`; }
}

addEventListener("htmx:afterRequest", async ({ detail }) => {
  const form = detail.elt;
  if (!form.matches("form[hx-swap=none]")) return;
  const { xhr } = detail, made = form.querySelector("[data-fresh-id]");
  const [name, value] = xhr.getResponseHeader("PM-Again")?.split("=") ?? []; // the button that insists
  for (const button of all("[data-again]", form)) [button.hidden, button.value] = [button.name !== name, value];
  if (!xhr.status || xhr.status >= 502) {
    if (made) unsent.add(form);
    sayError(form, `The server is away. Your text is kept${made ? " and sent when it is back" : "; send it again when it is back"}.`);
    gone("away");
  } else if (detail.successful) {
    unsent.delete(form);
    form.reset();
    sayError(form, "");
    if (made) made.value = uuid();
    if (xhr.responseText) announce(xhr.responseText);
  } else {
    sayError(form, await reason(new Response(xhr.responseText, { status: xhr.status })));
    if (xhr.status === 403) refresh(); // for the token of a new login
  }
});

// Accepted, or given up.
addEventListener("reset", ({ target }) => {
  delete target.dataset.typed;
  const box = target.closest("details[open]");
  box?.removeAttribute("open");
  box?.firstElementChild.focus();
  refresh();
});
addEventListener("toggle", ({ target }) => target.open && target.querySelector("[data-first]")?.focus(), true);

addEventListener("htmx:configRequest", ({ detail: { verb, formData } }) => { // what filters nothing is not worth its place in the URL
  if (verb === "get") for (const [name, value] of [...formData.entries()]) if (!value) formData.delete(name);
});
addEventListener("htmx:afterSettle", settle);

async function send(url, data) {
  const headers = { ...JSON.parse(document.body.getAttribute("hx-headers")), Accept: "application/json" };
  let answer;
  try {
    answer = await fetch(url, { method: "POST", body: data, headers });
  } catch {
    gone("away");
    throw Error("The server is away; nothing was moved.");
  }
  if (!answer.ok) throw Error(await reason(answer));
  return answer.status === 204 ? {} : answer.json();
}

// ---- Cards

let lifted = null; // {card, lane, next}: what is being moved, and where it came from
const cardsOf = (lane) => [...lane.children].filter((child) => child.matches("[data-card]"));
const linkOf = (card) => card.querySelector("a[href]");
const CARD = "[data-move] [data-card]";

function lift(card) {
  card.querySelector(".refusal")?.remove();
  lifted = { card, lane: card.parentNode, next: card.nextElementSibling };
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
  was.card.removeAttribute("data-lifted");
  return was;
}

function giveBack({ card, lane, next }) {
  put(card, lane, next?.parentNode === lane ? next : null);
}

function cancel(say = true) {
  const was = release();
  giveBack(was);
  if (say) announce(`${was.card.dataset.key} is back where it was.`);
  if (again) refresh();
}

const whereIs = (card) => {
  const lane = card.parentNode, cards = cardsOf(lane);
  return `${lane.getAttribute("aria-label")}, ${cards.indexOf(card) + 1} of ${cards.length}`;
};

async function drop() {
  const was = release(), { card } = was, lane = card.parentNode, { key, version } = card.dataset;
  if (lane === was.lane && card.nextElementSibling === was.next) {
    announce(`${key} was not moved.`);
    return again && refresh();
  }
  const data = new URLSearchParams(lane.dataset.lane);
  const cards = cardsOf(lane), index = cards.indexOf(card);
  data.set("item", key);
  data.set("version", version);
  if (!("unordered" in lane.dataset)) {
    if (index) data.set("after", cards[index - 1].dataset.key);
    else if (cards[1]) data.set("before", cards[1].dataset.key);
  }
  sending += 1;
  try {
    const answer = await send(card.closest("[data-move]").dataset.move, data);
    if (answer.version) card.dataset.version = answer.version;
    announce(`${key} is now in ${whereIs(card)}. ${answer.warning ?? ""}`);
  } catch (error) {
    giveBack(was);
    refuse(card, error.message);
  } finally {
    sending -= 1;
  }
  return refresh();
}

function refuse(card, text) {
  const said = document.createElement("p");
  for (const [name, value] of [["class", "refusal"], ["data-keep", ""], ["role", "alert"]]) said.setAttribute(name, value);
  said.textContent = text;
  card.append(said);
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
  if (event.ctrlKey || event.metaKey || event.altKey || !event.target.closest) return;
  const card = event.target.matches("a[href]") && event.target.closest(CARD);
  if (event.key === "Escape") {
    if (lifted) cancel();
    for (const menu of all("[data-menu][open]")) menu.removeAttribute("open");
    for (const said of all(".refusal")) said.remove();
  } else if (card && (event.key === " " || (event.key === "Enter" && lifted))) {
    if (lifted) drop();
    else {
      lift(card);
      announce(`${card.dataset.key} is lifted. Arrows move it, Space drops it, Escape puts it back.`);
    }
  } else if (card && event.key.startsWith("Arrow")) onArrow(card, event.key);
  else {
    if (lifted && event.key === "Tab") cancel();
    if (event.target.closest("input, textarea, select, [contenteditable]")) return;
    const target = document.querySelector(`[data-hotkey="${CSS.escape(event.key)}"]`);
    if (!target) return;
    if (target.matches("input, textarea, select")) target.focus();
    else target.click();
  }
  if (event.key !== "Escape") event.preventDefault();
});

// By mouse after a few pixels; by finger after a moment, so that a list still scrolls under it.
const FAR = 5, LONG = 350, EDGE = 48, STEP = 12; // pixels, milliseconds, pixels, pixels a frame
let grip = null, dragged = 0; // the pointer that is down on a card; when a drag ended

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
  const own = over && getComputedStyle(lane).overflowY === "auto" && lane.getBoundingClientRect(); // a list that scrolls by itself
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
    if (grip.timer) return letGo(); // it scrolls
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
addEventListener("click", (event) => event.timeStamp - dragged < 100 && event.target.closest(CARD) && event.preventDefault(), true); // a drag's end is no click

// One stop of the Tab key a list; the arrows go on from there.
function settle() {
  tellTimes();
  for (const field of all("[data-fresh-id]")) field.value ||= uuid();
  for (const field of all("[data-zone]")) field.value = absolute.resolvedOptions().timeZone;
  for (const lane of all("[data-lane]")) {
    const links = cardsOf(lane).map(linkOf);
    const stop = links.find((link) => link.tabIndex === 0 && link.hasAttribute("tabindex")) ?? links[0];
    for (const link of links) link.tabIndex = link === stop ? 0 : -1;
  }
}

addEventListener("focusin", ({ target }) => {
  const card = target.closest("[data-card]");
  if (!card || target !== linkOf(card) || target.tabIndex === 0) return;
  for (const other of cardsOf(card.parentNode)) linkOf(other).tabIndex = -1;
  target.tabIndex = 0;
});

// ---- The page

addEventListener("click", ({ target }) => {
  for (const menu of all("[data-menu][open]")) if (!menu.contains(target)) menu.removeAttribute("open");
  const button = target.closest?.("[data-copy]");
  if (button) navigator.clipboard.writeText(button.dataset.copy).then(() => announce(button.dataset.copied = "Copied."), () => announce("Copying is not allowed here."));
});

settle();
setInterval(tellTimes, 20000);
if (page.cursor) {
  document.addEventListener("visibilitychange", () => { if (!document.hidden) look(); });
  timer = setTimeout(look, EVERY);
}
