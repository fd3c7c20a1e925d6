// The list: further pages while scrolling, groups that fold, arrow keys and j and k. `[data-more]` links to the next page.

import { FIELDS, register } from "./keys.js";
import { $, all, announce, refresh, state } from "./pm.js";
import { picked, pressed } from "./selection.js";

const AHEAD = "600px"; // further rows are loaded before the end is seen
const table = () => $("items");
const groupsKey = () => `folded:${location.pathname}`;
let query = state(), loading = false;

const watcher = new IntersectionObserver((seen) => {
  if (seen.some((one) => one.isIntersecting)) more();
}, { root: $("list"), rootMargin: AHEAD });

async function page(url) {
  const answer = await fetch(url, { headers: { Accept: "text/html" }, cache: "no-store" }).catch(() => null);
  return answer?.ok ? new DOMParser().parseFromString(await answer.text(), "text/html") : null;
}

const bodies = (root) => all("#items > tbody", root);

// Append the next page. Its rows stay when the page is refreshed; they are fetched again when one of them changes.
async function more() {
  const link = document.querySelector("[data-more]");
  if (!link || loading) return;
  loading = true;
  try {
    const asked = query, fresh = await page(link.href);
    if (!fresh || asked !== query || !table()) return;
    for (const body of bodies(fresh)) table().append(kept(document.importNode(body, true)));
    const next = fresh.getElementById("list-more"), old = $("list-more");
    if (next) {
      next.setAttribute("data-keep", "");
      old.replaceWith(document.importNode(next, true));
    } else {
      old.replaceChildren();
      old.setAttribute("data-keep", "");
    }
    announce(`${all("tr[data-key]", table()).length} items are shown.`);
  } finally {
    loading = false;
    settle();
  }
}

function kept(body) {
  body.setAttribute("data-keep", "");
  body.classList.add("appended");
  return body;
}

// Fetch appended rows again, whose items have changed.
async function renew() {
  for (const number of new Set(all("#items > .appended:has([data-lit])").map((body) => body.dataset.page))) {
    const old = all(`#items > .appended[data-page="${number}"]`);
    const url = new URL(state(), location);
    url.searchParams.set("page", number);
    const fresh = await page(url);
    if (!fresh || !old[0].isConnected) continue;
    old[0].before(...bodies(fresh).map((body) => kept(document.importNode(body, true))));
    for (const body of old) body.remove();
  }
}

function settle() {
  if (query !== state()) { // other filters: the appended rows belong to the old ones
    query = state();
    for (const body of all("#items > .appended")) body.remove();
    const rest = $("list-more");
    if (rest?.hasAttribute("data-keep")) {
      rest.removeAttribute("data-keep");
      refresh(); // it links to the next page again
    }
  }
  watcher.disconnect();
  const link = document.querySelector("[data-more]");
  if (link) watcher.observe(link);
  const folded = JSON.parse(sessionStorage.getItem(groupsKey()) ?? "[]");
  for (const body of all("#items > tbody")) {
    const is = folded.includes(body.dataset.group);
    body.toggleAttribute("data-folded", is);
    body.querySelector("[data-fold]")?.setAttribute("aria-expanded", !is);
  }
  renew();
}

addEventListener("pm:settled", settle);

addEventListener("click", (event) => {
  const link = event.target.closest("[data-more]"), fold = event.target.closest("[data-fold]");
  if (link && !event.ctrlKey && !event.metaKey) {
    event.preventDefault();
    more();
  }
  if (!fold) return;
  const folded = new Set(JSON.parse(sessionStorage.getItem(groupsKey()) ?? "[]")), name = fold.dataset.fold;
  if (!folded.delete(name)) folded.add(name);
  sessionStorage.setItem(groupsKey(), JSON.stringify([...folded]));
  settle();
});

// Edit a field of the selected rows in the bar, else of this row.
async function edit(row, name) {
  if (picked().length && pressed(name)) return;
  const { editField } = await import("./fields.js");
  editField(row.dataset.key, name, row.querySelector(`[data-field="${name}"]`) ?? row.querySelector("a[href]"));
}

const rowOf = ({ target }) => $("list").contains(target) && $("list").matches("[data-select]") && target.closest("[data-key]");

const step = (by) => ({ target }) => {
  const list = $("list"), row = target.closest("[data-key]");
  if (target !== document.body && !list.contains(target) || target.closest("summary")) return false;
  const rows = all("[data-key]", list).filter((one) => one.offsetParent), next = rows[row ? rows.indexOf(row) + by : 0];
  if (!next) return false;
  next.querySelector("a[href]").focus();
  next.scrollIntoView({ block: "nearest" });
};

register("List", {
  "j,ArrowDown": ["Next row", step(1)],
  "k,ArrowUp": ["Previous row", step(-1)],
  Enter: ["Open the row"],
  ...Object.fromEntries(Object.entries(FIELDS).map(([key, [text, name]]) => [key, [text, (event) => void edit(rowOf(event), name), rowOf]])),
});

settle();
