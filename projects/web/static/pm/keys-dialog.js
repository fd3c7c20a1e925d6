// The dialog that lists the keys of the page, made from the registry and from the markup. keys.js loads it for `?`.

import { registry } from "./keys.js";

const SIGNS = { ArrowUp: "↑", ArrowDown: "↓", ArrowLeft: "←", ArrowRight: "→", Escape: "Esc" };
const FIRST = "Everywhere";
const mod = /Mac|iP(hone|ad)/.test(navigator.platform) ? "⌘" : "Ctrl";

export function element(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [attribute, value] of Object.entries(attributes)) made.setAttribute(attribute, value);
  made.append(...children);
  return made;
}

// "g b" as <kbd>g</kbd> then <kbd>b</kbd>, "Mod+k" as <kbd>Ctrl</kbd>+<kbd>k</kbd>
export function shown(combo) {
  return combo.split(" ").flatMap((part, at) => [
    ...(at ? [" then "] : []),
    ...part.split(/\+(?=.)/).flatMap((key, index) => [...(index ? ["+"] : []), element("kbd", {}, key === "Mod" ? mod : SIGNS[key] ?? key)]),
  ]);
}

// What the markup says of its keys: {group, combos, text, element}
export function markedKeys() {
  const section = document.querySelector("nav [aria-current=page]")?.title || "This page";
  const found = new Map();
  for (const one of document.querySelectorAll("[data-hotkey]")) {
    const text = one.dataset.does || one.getAttribute("aria-label") || one.title || one.textContent.trim();
    const group = one.closest("[data-keys]")?.dataset.keys ?? section;
    if (!found.has(`${group} ${one.dataset.hotkey}`)) found.set(`${group} ${one.dataset.hotkey}`, { group, combos: [one.dataset.hotkey], text, element: one });
  }
  return [...found.values()];
}

// The keys of an entry; many digits in a row are a range, and four arrows one word.
function list(combos) {
  const isRange = combos.length > 4 && combos.every((combo) => /^\d$/.test(combo));
  const arrows = combos.filter((combo) => combo.includes("Arrow"));
  const short = arrows.length < 4 ? combos : [...combos.filter((combo) => !arrows.includes(combo)), arrows[0].replace(/Arrow.*/, "arrows")];
  const parts = isRange ? [combos[0], combos.at(-1)] : short;
  return parts.flatMap((combo, at) => [...(at ? [isRange ? " … " : " "] : []), ...shown(combo)]);
}

export function showKeys() {
  const groups = new Map([[FIRST, []]]);
  for (const entry of [...registry, ...markedKeys()]) {
    if (!entry.text || !entry.combos.length) continue;
    if (!groups.has(entry.group)) groups.set(entry.group, []);
    const same = groups.get(entry.group).find(({ text }) => text === entry.text);
    if (same) same.combos.push(...entry.combos.filter((combo) => !same.combos.includes(combo)));
    else groups.get(entry.group).push({ text: entry.text, combos: [...entry.combos] });
  }
  const dialog = element("dialog", { id: "keys", class: "keys", "aria-labelledby": "keys-h", "data-keep": "" });
  const parts = [...groups].filter(([, entries]) => entries.length).map(([name, entries]) => element("section", {},
    element("h3", {}, name),
    element("dl", {}, ...entries.map(({ text, combos }) => element("div", {}, element("dt", {}, ...list(combos)), element("dd", {}, text))))));
  const close = element("button", { class: "quiet", "aria-label": "Close", title: "Close (Esc)" }, "×");
  const head = element("form", { method: "dialog", class: "dialog-head" }, element("h2", { id: "keys-h" }, "Keys"), close);
  dialog.append(head, element("div", { class: "keys-groups" }, ...parts));
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  close.focus();
}
