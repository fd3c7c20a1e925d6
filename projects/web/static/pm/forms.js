// Forms with `data-post`: typing, sending, answers, drafts. pm.js loads this with the first form that needs it.

import { $, all, announce, gone, idOf, light, post, reason, refocus, refresh, soon, uuid, wayTo } from "./pm.js";

const sending = new Set();
const unsent = new Set(); // forms to send again after reconnecting

function sayError(form, text) {
  const box = form.querySelector("[data-error]");
  box?.replaceChildren(text);
  announce(text);
  if (!box || !text || form.querySelector("[type=reset]")) return;
  const close = document.createElement("button"); // of a form without Cancel
  Object.assign(close, { type: "button", className: "close", ariaLabel: "Close the message" });
  close.addEventListener("click", () => clearError(form));
  box.append(close);
}

function clearError(form) {
  for (const box of all("[data-error], [data-error-of]", form)) box.replaceChildren();
  for (const button of all("[data-again]", form)) button.hidden = true;
  form.querySelector(".conflict")?.remove();
}

export function onInput(target) {
  const { form } = target;
  keep(form);
  if (target.matches("[data-suggests]")) soon(target, 150, () => import("./suggestion.js").then(({ suggest }) => suggest(target)));
  if (target.matches("[data-offers]")) soon(target, 200, () => offer(target));
  const box = form.querySelector("[data-preview]");
  if (box) soon(box, 300, () => preview(box));
}

const latest = new WeakMap();

// Show the HTML that the server rendered and escaped, unless a later request for the same box was sent.
async function fill(box, request) {
  latest.set(box, request);
  const answer = await request.catch(() => null), html = answer?.ok ? await answer.text() : null;
  if (html !== null && latest.get(box) === request) box.innerHTML = html;
}

export function preview(box) {
  const text = box.closest("form").querySelector("textarea");
  fill(box, post(box.dataset.preview, new URLSearchParams({ [text.name]: text.value })));
}

function offer(input) {
  const box = input.form.querySelector("[data-result]");
  fill(box, fetch(`${input.dataset.offers}?${new URLSearchParams({ [input.name]: input.value })}`));
}

// Post the state of a task's box; a refused box goes back.
export async function tick(box) {
  const list = box.closest("[data-tasks]");
  const answer = await post(list.dataset.tasks, new URLSearchParams({ version: list.dataset.version, line: box.dataset.task, done: box.checked }));
  if (!answer?.ok) box.checked = !box.checked;
  if (answer) announce(answer.ok ? await answer.text() : await reason(answer));
  refresh();
}

export async function send(form, submitter, data = new FormData(form, submitter)) {
  if (sending.has(form)) return;
  sending.add(form);
  const body = new URLSearchParams(data);
  const fields = form.closest("details") ? [...valuesOf(form).keys()].filter((field) => !field.readOnly) : []; // it closes after a success
  for (const field of fields) field.readOnly = true;
  try { await answered(form, await post(form.dataset.post, body), data); } finally {
    sending.delete(form);
    for (const field of fields) field.readOnly = false;
  }
}

const valuesOf = (form) => new Map(all("textarea, input:not([type])", form).map((field) => [field, field.value]));

// After the reset, put back what was typed while the form was sent; of a longer text, what was added.
function putBack(form, sent, later) {
  for (const [field, value] of later) {
    const old = sent.get(field.name);
    if (old === null || value === old) continue;
    field.value = value.startsWith(old) ? value.slice(old.length).trimStart() : value;
    form.setAttribute("data-typed", "");
    keep(form);
  }
}

// Send again what the server did not get.
export function resend() {
  for (const form of unsent) if (form.isConnected) form.requestSubmit();
  unsent.clear();
}

async function answered(form, answer, sent) {
  const idField = form.querySelector("[data-fresh-id]");
  const [name, value] = answer?.headers.get("PM-Again")?.split("=") ?? []; // the button that overrides the refusal
  for (const button of all("[data-again]", form)) {
    [button.hidden, button.value] = [button.name !== name, value];
    if (button.hidden && button === document.activeElement) form.querySelector("button:not([hidden])").focus();
  }
  if (!answer || answer.status >= 502) {
    if (idField) unsent.add(form);
    sayError(form, `The server is unreachable. Your text is kept${idField ? " and will be sent after reconnecting" : "; submit it again after reconnecting"}.`);
    gone("away");
  } else if (answer.headers.has("PM-Redirect")) {
    delete form.dataset.typed; // nothing is unsaved; a reset would fetch the page, and with it the message for the next one
    forget(form);
    depart(form);
    location.assign(answer.headers.get("PM-Redirect"));
  } else if (answer.ok) {
    const text = await answer.text();
    unsent.delete(form);
    created = answer.headers.get("PM-Created") ?? "";
    const later = valuesOf(form);
    form.reset();
    putBack(form, sent, later);
    sayError(form, "");
    if (idField) idField.value = uuid();
    for (const box of all("[data-result]", form)) box.replaceChildren(text);
    if (answer.headers.has("PM-Toast")) import("./toast.js").then(({ toastOf }) => toastOf(answer));
    if (answer.headers.has("PM-Deleted")) refresh().then(() => document.querySelector("#i-deleted button")?.focus()); // Restore
    else if (text) announce(text);
    form.dispatchEvent(new CustomEvent("pm:done", { bubbles: true, detail: text }));
  } else {
    await refuse(form, answer);
    if ([403, 404].includes(answer.status)) refresh(); // to get the CSRF token of a new session, or to show that the page is gone
  }
}

// Keep where the focus is, for the page that loads next.
function depart(form) {
  const way = wayTo(form.contains(document.activeElement) ? document.activeElement : form).map(([parent, index]) => [idOf(parent), index]);
  sessionStorage.setItem("pm-way", JSON.stringify(way));
}

// Focus what is there on this page. A page that was left while this module loaded may have taken the place already.
export function arrive() {
  const way = JSON.parse(sessionStorage.getItem("pm-way") ?? "[]").map(([id, index]) => [$(id), index]);
  sessionStorage.removeItem("pm-way");
  if (document.activeElement === document.body) refocus(way.filter(([parent]) => parent));
}

// Show each message beside its field, and the others together.
async function refuse(form, answer) {
  const text = await reason(answer.clone()), { fields = {}, theirs } = (await answer.json().catch(() => ({}))).error ?? {};
  if (theirs) import("./conflict.js").then(({ showBoth }) => showBoth(form, theirs));
  const boxes = all("[data-error-of]", form);
  for (const box of boxes) box.replaceChildren(fields[box.dataset.errorOf] ?? "");
  const wrong = boxes.filter((box) => box.textContent);
  const isBeside = wrong.length > 0 && Object.keys(fields).length === wrong.length;
  sayError(form, isBeside ? "" : text);
  if (isBeside) announce(text);
  form.elements[wrong[0]?.dataset.errorOf]?.focus();
  wrong[0]?.scrollIntoView({ block: "nearest" });
}

// Show where a new card is, once the page has it.
let created = "";
export function reveal() {
  const key = created, card = key && document.querySelector(`[data-key="${CSS.escape(key)}"]`);
  if (!key) return;
  created = "";
  if (!card && !document.querySelector("[data-lane], #list")) return; // a page without cards or rows
  if (!card) return import("./toast.js").then(({ toast }) => toast("The filters, or the length of the column, hide the new card:", "", { href: `/items/${key}/`, text: `Open ${key}` }));
  card.scrollIntoView({ block: "nearest", inline: "nearest" });
  light(card);
}

// After a success or Cancel
export function clear(form) {
  forget(form);
  clearError(form);
}

// ---- Unsaved texts: kept in this browser until the form is sent or cancelled; leaving with one asks

const DRAFT = "pm-draft:", LASTS = 14 * 86400000; // milliseconds
const draftOf = (form) => idOf(form) && form.matches("[data-post]") && form.querySelector("textarea") && `${DRAFT}${form.dataset.post}:${idOf(form)}`;
// The version comes with the text, so that a draft does not overwrite what changed since.
const texts = (form) => all("textarea, select, input:not([type=hidden]), [name=version]", form).filter((field) => field.name && !["checkbox", "radio"].includes(field.type));

function keep(form) {
  if (draftOf(form)) localStorage.setItem(draftOf(form), JSON.stringify({ at: Date.now(), values: texts(form).map((field) => [field.name, field.value]) }));
}

function forget(form) {
  if (draftOf(form)) localStorage.removeItem(draftOf(form));
}

export function restoreDrafts(root) {
  for (const form of all("form[data-post]:not([data-typed])", root)) {
    const draft = draftOf(form) && localStorage.getItem(draftOf(form));
    if (!draft) continue;
    const { at, values } = JSON.parse(draft);
    if (Date.now() - at > LASTS) {
      forget(form);
      continue;
    }
    for (const [name, value] of values) for (const field of texts(form)) if (field.name === name && (field.type !== "select-one" || all("option", field).some((one) => one.value === value))) field.value = value;
    form.setAttribute("data-typed", "");
    form.closest("details")?.setAttribute("open", "");
  }
}

addEventListener("beforeunload", (event) => {
  const changed = (field) => field.type === "checkbox" ? field.checked !== field.defaultChecked : field.matches("select") ? !all("option", field).every((one) => one.selected === one.defaultSelected) : field.value !== field.defaultValue;
  if (all("form[data-typed][data-post]").some((form) => all("textarea, select, input:not([type=hidden])", form).some(changed))) event.preventDefault();
});
