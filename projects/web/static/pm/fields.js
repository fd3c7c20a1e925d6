// Edit one field of an item in place: on cards, in rows, in the panel and on the item's page. views/item_fields.py
// documents the requests, templates/pm/base.html the markup.

import { narrow } from "./narrow.js";
import { all, announce, catchUp, get, held, post, reason, refresh, restoreDrafts, wait } from "./pm.js";
import { toastOf } from "./toast.js";

const ANYWAY = {
  anyway: "Save mine anyway", force: "Mark as done anyway", unclaim: "End the claim and save", new_user: "Create this person and save",
};
const GAP = 4, EDGE = 8; // pixels
let open = null; // {box, anchor, home, done}: the editor that is open, where it belongs, and what is called when it closes

function element(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [attribute, value] of Object.entries(attributes)) made.setAttribute(attribute, value);
  made.append(...children);
  return made;
}

// Open the editor of the field `name` of item `key` beside `anchor`; resolve to true if it saved a change.
export async function editField(key, name, anchor) {
  close();
  const answer = await wait(anchor?.closest("[data-card]") ?? anchor, get(`/items/${key}/field/${name}/`));
  if (!answer) return false;
  if (!answer.ok) return ask(anchor, key, await reason(answer));
  const box = element("div", { class: "pop", id: "field-pop", popover: "manual", role: "dialog", "data-keep": "" });
  box.innerHTML = await answer.text(); // the server rendered and escaped it
  box.setAttribute("aria-label", box.querySelector("form").getAttribute("aria-label"));
  const saved = show(box, anchor, key);
  prepare(box);
  return saved;
}

// Save a field without an editor. `value` is a text, a list of labels, or {add, remove} for labels; `version` is the
// version of the item that the page shows. A refusal is shown beside `anchor`. Resolve to true if it is saved.
export async function saveField(key, name, value, version, anchor, agreed = {}) {
  const data = new URLSearchParams({ version, ...agreed });
  const parts = value?.constructor === Object ? value : { value };
  for (const [part, values] of Object.entries(parts)) for (const one of [values].flat()) data.append(part, one);
  held.add(data);
  let answer;
  try { answer = await post(`/items/${key}/field/${name}/`, data); } finally { held.delete(data); }
  if (!answer) return false;
  if (answer.ok) {
    if (!toastOf(answer)) announce(await answer.text());
    changed(key, name);
    await refresh();
    return true;
  }
  const [again, yes] = answer.headers.get("PM-Again")?.split("=") ?? [];
  catchUp();
  return ask(anchor, key, await reason(answer), again && { label: ANYWAY[again], run: () => saveField(key, name, value, version, anchor, { ...agreed, [again]: yes }) });
}

const changed = (key, name) => dispatchEvent(new CustomEvent("pm:changed", { detail: { key, name } }));

// Show a refusal beside `anchor`, with what overrides it.
function ask(anchor, key, text, anyway) {
  const box = element("div", { class: "pop", id: "field-pop", popover: "manual", role: "alertdialog", "aria-label": `Refused for ${key}`, "data-keep": "" });
  box.append(element("p", { class: "error" }, text));
  const row = element("p", { class: "tools" });
  const offer = (label, action) => {
    const button = element("button", { type: "button" }, label);
    button.addEventListener("click", action);
    row.append(button);
  };
  const asked = show(box, anchor, key);
  return new Promise((resolve) => {
    let agreed = false;
    if (anyway) offer(anyway.label, () => { agreed = true; close(); resolve(anyway.run()); });
    offer("Close", () => close());
    box.append(row);
    place();
    row.firstChild.focus();
    announce(text);
    asked.then(() => agreed || resolve(false));
  });
}

function show(box, anchor, key) {
  close();
  const home = anchor?.id || anchor?.closest("[id]")?.id;
  return new Promise((done) => {
    open = { box, anchor, home, key, done };
    document.body.append(box);
    box.showPopover();
    place();
  });
}

function close(saved = false) {
  if (!open) return;
  const { box, anchor, home, key, done } = open, had = box.contains(document.activeElement) || document.activeElement === document.body;
  open = null;
  box.remove();
  if (had) {
    const again = anchor?.isConnected ? anchor : home && document.getElementById(home) || document.querySelector(`[data-key="${CSS.escape(key)}"]`);
    (again?.matches("a[href], button, input, summary, [tabindex]") ? again : again?.querySelector("a[href], button, summary"))?.focus({ preventScroll: true });
  }
  done(saved);
}

// Put the editor below its anchor, or above it where there is more room. On a phone the stylesheet places it.
function place() {
  const { box, anchor } = open, at = anchor?.getBoundingClientRect() ?? { left: EDGE, top: EDGE, bottom: EDGE };
  const { offsetWidth: width, offsetHeight: height } = box, covers = box.querySelector(".line, .number, .day");
  const below = covers ? at.top - GAP : at.bottom + GAP;
  const fits = below + height + EDGE <= innerHeight || at.top < height + EDGE;
  box.style.left = `${Math.max(EDGE, Math.min(at.left, innerWidth - width - EDGE))}px`;
  box.style.top = `${Math.max(EDGE, fits ? Math.min(below, innerHeight - height - EDGE) : at.top - height - GAP)}px`;
}

// ---- The editor

const rows = (box) => all(".choices > li, .offers > button", box).filter((row) => row.offsetParent);
const controlOf = (row) => row.matches("button") ? row : row.querySelector("button, input");

function prepare(box) {
  const form = box.querySelector("form"), { key } = open, name = form.id.replace("field-", "");
  restoreDrafts(box);
  place();
  const now = box.querySelector("[aria-pressed=true]") ?? controlOf(box);
  const first = box.querySelector("[data-first]") ?? now;
  first.focus();
  if (first.matches("input:not([type=date])")) first.select();
  now?.scrollIntoView({ block: "nearest" });
  form.addEventListener("pm:done", () => { close(true); changed(key, name); });
  form.addEventListener("reset", () => setTimeout(() => open?.box === box && close())); // after a success, pm:done closes it first
  form.addEventListener("click", ({ target }) => {
    const button = target.closest("[data-choose]");
    if (button) choose(form, button.dataset.choose);
  });
  box.addEventListener("keydown", (event) => press(event, box, form));
}

function choose(form, value) {
  form.elements.value.value = value;
  form.requestSubmit();
}

function press(event, box, form) {
  const { target, key } = event;
  if (key === "Escape") {
    event.stopPropagation();
    if (form.querySelector("textarea") && form.hasAttribute("data-typed")) announce("The text is kept as a draft.");
    return close();
  }
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (key === "ArrowDown" || key === "ArrowUp") step(event, box);
  else if (key === "Enter" && target.matches("[data-narrow]")) enter(event, box, form);
  else if (key === "Enter" && target.matches("[type=checkbox]")) {
    event.preventDefault();
    form.requestSubmit();
  } else if (key === "Tab") keepInside(event, box);
}

function step(event, box) {
  const controls = rows(box).map(controlOf), at = controls.indexOf(event.target);
  if (!controls.length || event.target.matches("textarea")) return;
  event.preventDefault();
  const to = at + (event.key === "ArrowDown" ? 1 : -1);
  (controls[to] ?? box.querySelector("[data-narrow]") ?? controls.at(to < 0 ? -1 : 0)).focus();
}

// Enter in the filter takes the first choice, or the typed text where none matches.
function enter(event, box, form) {
  const { target } = event, text = target.value.trim();
  event.preventDefault();
  narrow(target); // what was typed may not have been seen yet
  const [row] = rows(box);
  if (!form.querySelector("[type=checkbox]") && !form.matches(".labels")) {
    if (row && (text || form.matches(".choices"))) return controlOf(row).click();
    const offers = all(".offers button", form);
    if (offers.length === 1) return offers[0].click();
    return text ? choose(form, text) : close();
  }
  if (!text) return form.requestSubmit();
  const exact = all("[type=checkbox]", form).find((one) => one.value.toLowerCase() === text.toLowerCase());
  const taken = exact ?? (row && controlOf(row));
  if (taken) taken.click();
  else {
    const box = element("input", { type: "checkbox", name: "value", value: text });
    form.querySelector(".choices").prepend(element("li", {}, element("label", {}, box, " ", element("span", {}, text))));
    box.checked = true; // not its default, so that the form counts as changed
  }
  target.value = "";
  narrow(target);
}

function keepInside(event, box) {
  const stops = all("button, input:not([type=hidden]), textarea", box).filter((one) => one.offsetParent);
  const last = event.shiftKey ? stops[0] : stops.at(-1);
  if (document.activeElement !== last) return;
  event.preventDefault();
  (event.shiftKey ? stops.at(-1) : stops[0]).focus();
}

const isChanged = (form) => all("input[name], textarea", form).some((field) => field.type === "checkbox" ? field.checked !== field.defaultChecked : field.type !== "hidden" && field.value !== field.defaultValue);

// A click elsewhere saves a short value that was changed, and keeps a long text as a draft.
addEventListener("pointerdown", ({ target }) => {
  if (!open || open.box.contains(target) || target.closest?.("#toasts")) return;
  const form = open.box.querySelector("form");
  if (form && !form.querySelector("textarea") && isChanged(form)) form.requestSubmit();
  else close();
}, true);

addEventListener("resize", () => open && place());
