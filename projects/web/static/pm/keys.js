// The keys of all pages: one registry, which `?` lists, and from which the command palette takes its actions.
// docs/design.md#keys has the rules, the markup and the form of an entry. The first entry that takes a key wins.

export const registry = []; // {group, combos, text, run, when, always}
const PATIENCE = 1500; // milliseconds between the keys of a sequence
const TYPES = "input:not([data-pick]), textarea, select, [contenteditable]";
// The keys of the fields of a card or row
export const FIELDS = { s: ["Status", "status"], p: ["Priority", "priority"], a: ["Assignee", "assignee"], l: ["Labels", "labels"], e: ["Points", "story_points"], i: ["Sprint", "sprint"] };
let begun = "", timer = 0; // the first key of a sequence

export function register(group, entries) {
  for (const [keys, [text, run = null, when = null, always = false]] of Object.entries(entries)) registry.push({ group, combos: keys.split(","), text, run, when, always });
}

function nameOf({ key, ctrlKey, metaKey, altKey, shiftKey }, isGraph) {
  const shift = shiftKey && (key.length > 1 || key === " ");
  return `${(ctrlKey || metaKey) && !isGraph ? "Mod+" : ""}${altKey && !isGraph ? "Alt+" : ""}${shift ? "Shift+" : ""}${key === " " ? "Space" : key}`;
}

// The element of a key in the markup. The keys of the panel's item are not for a card or row that has the focus.
function marked(combo, target) {
  const isAside = target !== document.body && !target.closest("#panel");
  return [...document.querySelectorAll(`[data-hotkey="${CSS.escape(combo)}"]`)].find((one) => !(isAside && one.closest("#panel")));
}

function press(element) {
  if (element.matches("input, textarea, select")) element.focus();
  else element.click();
}

// Let the first entry that wants it take the key; return whether one did.
function take(combo, event, types = null) {
  return registry.some(({ combos, run, when, always }) => run && combos.includes(combo) && (always || !types) && (!when || when(event)) && run(event) !== false);
}

addEventListener("keydown", (event) => {
  const { target, key } = event;
  if (event.defaultPrevented || event.isComposing || !key || !target.closest) return;
  const name = nameOf(event, event.getModifierState("AltGraph")), combo = begun + name;
  if (["Shift", "Control", "Alt", "Meta", "AltGraph"].includes(key)) return;
  clearTimeout(timer);
  begun = "";
  if (document.querySelector("dialog[open], :popover-open")) return;
  const types = target.closest(TYPES);
  if (take(combo, event, types)) return event.preventDefault();
  const element = !types && marked(combo, target);
  if (element) {
    event.preventDefault();
    press(element);
  } else if (!types && combo === "g") {
    begun = "g ";
    timer = setTimeout(() => { begun = ""; }, PATIENCE);
  }
});

addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-press]");
  if (!button || event.ctrlKey || event.metaKey || event.shiftKey) return;
  if (take(button.dataset.press, { target: button })) event.preventDefault();
  button.closest("[data-menu]")?.removeAttribute("open");
  button.closest(":popover-open")?.hidePopover();
});

register("Everywhere", { "?": ["Show the keys of this page", () => import("./keys-dialog.js").then(({ showKeys }) => showKeys()), () => true] });
