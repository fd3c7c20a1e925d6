// The dialog of a new item, which `c` opens on every page: defaults from where the person is, templates, drafts.
// templates/pm/new_item_dialog.html has the markup; pm.js sends the form, keeps its draft and shows its errors.

import { $, all, announce, get, prepare, restoreDrafts, wait } from "./pm.js";
import { mark } from "./texts.js";

// What the page says of the new item: its filters, and the column of the card that has the focus.
function where(target) {
  const query = new URLSearchParams(location.search), { project } = document.body.dataset;
  query.delete("item");
  if (project) query.set("project", project);
  if ($("plan")) query.set("sprint", "active");
  const lane = target?.closest("[data-lane]");
  for (const [name, value] of new URLSearchParams(lane?.dataset.lane ?? "")) query.set(name, value);
  return query;
}

// Return the dialog; null if the server does not answer for now; undefined if it answers something else.
async function load(query) {
  const answer = await wait(document.querySelector("[data-press=c]"), get(`/items/new/dialog/?${query}`));
  if (!answer?.ok || answer.redirected) return answer ? undefined : null;
  const part = document.createElement("template");
  part.innerHTML = await answer.text(); // the server rendered and escaped it
  return part.content.querySelector("dialog");
}

const own = $("new-item-page"); // the form of /items/new/
let opening = false;

export async function openNew(target = document.activeElement) {
  if (opening || $("new-item")?.open) return;
  const first = document.querySelector(".first-run [name=title]"); // without a project, which comes first
  if (own ?? first) return (own?.elements.title ?? first).focus();
  opening = true;
  const query = where(target), made = await load(query);
  opening = false;
  if (made === undefined) location.assign(`/items/new/?${query}`);
  if (!made) return;
  $("new-item")?.remove();
  document.body.append(made);
  made.showModal();
  start(made);
}

// A file needs an item; a dropped one would replace the page.
function keepFiles(event, form) {
  const files = (event.clipboardData ?? event.dataTransfer)?.types.includes("Files");
  if (!files || event.clipboardData?.types.includes("text/plain")) return;
  event.preventDefault();
  if (event.type === "dragover") return;
  const text = "Create the item first. Then attach the file on its page.";
  form.querySelector("[data-error]").replaceChildren(text);
  announce(text);
}

function start(dialog) {
  const form = dialog.querySelector("form"), { project, title } = form.elements, shown = project.value;
  prepare(dialog);
  title.focus();
  restoreDrafts(dialog).then(() => {
    if (project.value !== shown) change(dialog, form); // the draft is of another project
    else if (form.hasAttribute("data-typed")) announce("Your draft is back. Cancel discards it.");
  });
  for (const type of ["paste", "drop", "dragover"]) form.addEventListener(type, (event) => keepFiles(event, form));
  let stays = false;
  form.addEventListener("submit", () => { stays = form.elements.another.checked; }, true);
  form.addEventListener("pm:done", () => {
    if (!stays) return;
    dialog.showModal(); // the reset after the success has closed it
    form.elements.another.checked = true;
    choose(form, form.querySelector("[data-template]"));
    for (const error of all("[data-error-of]", form)) error.replaceChildren();
    title.focus();
  });
  dialog.addEventListener("close", () => {
    if (dialog.open) return;
    if (form.hasAttribute("data-typed")) announce("Not created. The text is kept as a draft.");
    dialog.remove();
  });
  dialog.addEventListener("click", (event) => {
    if (event.target.closest("[data-close]")) dialog.close();
    else click(event, form);
  });
  project.addEventListener("change", () => change(dialog, form));
}

// The buttons of the formatting, and the templates
function click(event, form) {
  const button = event.target.closest("[data-mark]"), template = event.target.closest("[data-template]");
  if (button) event.stopPropagation(), mark(form, button.dataset.mark);
  else if (template) event.preventDefault(), fill(form, template);
}

// Mark a template as the chosen one; return the one before.
function choose(form, template) {
  const old = form.querySelector("[data-template][aria-current]");
  old.removeAttribute("aria-current");
  template.setAttribute("aria-current", "true");
  return old;
}

// Fill in a template, but nothing over what you typed.
function fill(form, template) {
  const { elements } = form, old = choose(form, template), { type, ...texts } = template.dataset;
  if (type) elements.item_type.value = type;
  for (const name of ["description", "criteria"]) if (elements[name].value.trim() === old.dataset[name].trim()) elements[name].value = texts[name];
  elements.description.dispatchEvent(new Event("input", { bubbles: true }));
  elements.title.focus();
}

// Another project has other sprints, parents and labels; what was typed comes back as a draft.
async function change(dialog, form) {
  const made = await load(new URLSearchParams({ project: form.elements.project.value }));
  if (!made) return;
  dialog.replaceWith(made);
  made.showModal();
  start(made);
}

own?.addEventListener("click", (event) => click(event, own));
