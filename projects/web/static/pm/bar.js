// The bar at the foot that changes the selected rows. selection.js loads it with the first selection;
// templates/pm/selection.html has the markup.

import { all, get, held, post, reason, refocus, refresh, wayTo } from "./pm.js";
import { chosen, clear, enter, lastRow } from "./selection.js";

const AGREE = { unclaim: "End the claims and continue", force: "Change them anyway", anyway: "Overwrite", sure: "Delete" };
const PAUSE = 1000; // milliseconds after which a typed letter begins another word
let letters = "", lastLetter = 0; // typed in a menu
let bar = null; // the one that was made last
let isOld = false; // sprints, labels or people may have been created since
let going = Promise.resolve(); // the last change

async function fetchBar() {
  const answer = await get(`/items/bulk/?project=${document.body.dataset.project ?? ""}`), part = document.createElement("template");
  if (answer?.ok) part.innerHTML = await answer.text(); // the server rendered and escaped it
  return part.content.firstElementChild;
}

// Offer what was created since: sprints, labels, people. No list changes while its menu is open, as a key may be on its way.
export async function renew() {
  isOld = true;
  const mine = bar, isOpen = () => mine.querySelector("details[open]"), fresh = !isOpen() && await fetchBar();
  if (!fresh || mine !== bar || isOpen()) return;
  isOld = false;
  for (const list of all("details > ul", bar)) {
    const other = fresh.querySelector(`[data-field="${list.parentElement.dataset.field}"] > ul`);
    if (other && !list.isEqualNode(other) && !list.querySelector("input")?.value) list.replaceWith(other);
  }
}

// Return a new bar, or null if the server does not answer.
export async function makeBar() {
  const made = bar = await fetchBar();
  if (!made) return null;
  made.addEventListener("click", ({ target }) => {
    const button = target.closest("button");
    if (button?.name) change(button.name, button.value);
    else if (button?.dataset.of) typed(button.dataset.of);
    else if (button && "clear" in button.dataset) clear();
  });
  made.addEventListener("submit", (event) => event.preventDefault());
  made.addEventListener("toggle", ({ target }) => target.open || isOld && renew(), true);
  made.addEventListener("toggle", ({ target }) => target.open && !target.querySelector("li :focus, .sheet :focus") && enter(target), true); // it may come after the next key
  made.addEventListener("keydown", (event) => {
    const menu = event.target.closest("details[open]"), field = event.target.dataset.enter;
    if (event.key === "Enter" && field) {
      event.preventDefault();
      const one = offered(event.target);
      if (one) one.click();
      else typed(field);
    } else if (event.key === "Escape" && menu) {
      event.stopPropagation();
      menu.open = false;
      menu.firstElementChild.focus();
    } else if (menu && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      const stops = all("li:not([hidden]) button", menu), at = stops.indexOf(event.target) + (event.key === "ArrowDown" ? 1 : -1);
      event.preventDefault();
      stops.at(at % stops.length)?.focus();
    } else if (menu && event.key.length === 1 && event.key !== " " && event.target.matches("li button") && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      goTo(event, menu);
    }
  });
  return made;
}

// Go to the choice that begins with the typed letters; a menu with a field to search has them typed there.
function goTo({ key, timeStamp }, menu) {
  const field = menu.querySelector("input");
  letters = timeStamp - lastLetter < PAUSE ? letters + key.toLowerCase() : key.toLowerCase();
  lastLetter = timeStamp;
  if (field) {
    field.value += key;
    field.focus();
    field.dispatchEvent(new Event("input", { bubbles: true }));
  } else all("li button", menu).find((one) => one.textContent.toLowerCase().startsWith(letters))?.focus();
}

// What Enter takes of the list below a field: what is named as typed, else the first that has the words.
function offered({ value, dataset }) {
  const words = value.trim().toLowerCase(), found = words ? all(`button[name="${dataset.enter}"]`, bar).filter((one) => one.value.toLowerCase().includes(words)) : [];
  return found.find((one) => one.value.toLowerCase() === words) ?? found[0];
}

function typed(field) {
  const input = bar.querySelector(`[data-enter="${field}"]`);
  if (input.value.trim()) change(field, input.value.trim());
  else input.focus();
}

// Change all selected rows, or none. `agreed` is what the person agreed to. The rows have their new versions before the next change.
const change = (...what) => going = going.catch(() => {}).then(() => send(...what));

async function send(name, value, agreed = {}) {
  const data = new URLSearchParams({ name, value, ...agreed });
  for (const [key, { dataset }] of chosen) data.append("item", dataset.version ? `${key}:${dataset.version}` : key);
  refuse();
  held.add(data);
  let answer;
  try { answer = await post(bar.dataset.bulk, data); } finally { held.delete(data); }
  if (!answer) return refuse("The server is unreachable; nothing was changed.");
  if (answer.ok) {
    close();
    for (const input of all("input", bar)) input.value = "";
    for (const row of all("li[hidden]", bar)) row.hidden = false;
    const way = wayTo(lastRow());
    await refresh();
    if (document.activeElement === document.body) refocus(way); // the bar went with the rows
    const { toastOf } = await import("./toast.js");
    return toastOf(answer);
  }
  const [again, yes] = answer.headers.get("PM-Again")?.split("=") ?? [];
  refuse(await reason(answer), again && [AGREE[again], () => change(name, value, { ...agreed, [again]: yes })]);
}

// Close the menus; what had the focus in one gives it to the menu's name.
function close() {
  for (const menu of all("details[open]", bar)) {
    if (menu.contains(document.activeElement)) menu.firstElementChild.focus();
    menu.open = false;
  }
}

function refuse(text = "", anyway = null) {
  const said = bar.querySelector("[role=alert]"), button = bar.querySelector("[data-anyway]");
  said.hidden = !text;
  said.firstElementChild.textContent = text;
  button.hidden = !anyway;
  if (!anyway) return;
  close(); // the text moves the menu: another choice would be under the pointer
  [button.textContent, button.onclick] = anyway;
  button.focus();
}
