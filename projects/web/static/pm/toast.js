// Short messages at the foot of the page, each with a button that undoes what it says.

import { register } from "./keys.js";
import { $, announce, post, reason, refresh } from "./pm.js";

const STAYS = 8000, MOST = 3; // milliseconds, messages at a time

function button(text, action) {
  const made = document.createElement("button");
  made.type = "button";
  made.textContent = text;
  made.addEventListener("click", action);
  return made;
}

function shelf() {
  const made = document.createElement("div");
  for (const [name, value] of [["id", "toasts"], ["class", "toasts"], ["role", "region"], ["aria-label", "Messages"], ["data-keep", ""]]) made.setAttribute(name, value);
  document.body.append(made);
  return made;
}

// Show `text` and announce it. `undo` is a URL to POST to, or empty; Ctrl+Z does the same while the message is there.
// `link` is {href, text}, or null.
export function toast(text, undo = "", link = null) {
  const box = $("toasts") ?? shelf(), said = document.createElement("p");
  said.className = "toast";
  said.append(text);
  let timer = 0, before = null; // what had the focus before the message
  const close = () => {
    clearTimeout(timer);
    if (said.contains(document.activeElement)) (before?.isConnected ? before : $("main")).focus({ preventScroll: true });
    said.remove();
  };
  said.addEventListener("focusin", ({ relatedTarget: from }) => { if (from && !said.contains(from)) before = from; });
  const wait = () => { clearTimeout(timer); timer = setTimeout(() => said.matches(":hover, :focus-within") ? wait() : close(), STAYS); };
  if (undo) {
    const back = button("Undo", async () => { close(); await revert(undo); });
    back.setAttribute("data-undo", "");
    back.setAttribute("aria-label", `Undo: ${text}`);
    said.append(" ", back);
  }
  if (link) said.append(" ", Object.assign(document.createElement("a"), { href: link.href, textContent: link.text }));
  const end = button("×", close);
  end.setAttribute("aria-label", "Close the message");
  said.append(" ", end);
  box.append(said);
  while (box.children.length > MOST) box.firstChild.remove();
  announce(text);
  wait();
}

async function revert(url) {
  const answer = await post(url);
  if (answer) toast(answer.ok ? await answer.text() : await reason(answer));
  refresh();
}

// Show what the server says of a change that it saved; return true if it said anything.
export function toastOf(answer) {
  const said = (name) => answer.headers.get(name), text = said("PM-Toast"), key = said("PM-Created") ?? said("PM-Item"), gone = said("PM-Deleted");
  const link = key ? { href: `/items/${key}/`, text: `Open ${key}` } : gone && { href: gone, text: "Deleted items" };
  if (text) toast(decodeURIComponent(text), said("PM-Undo") ?? "", link);
  return Boolean(text);
}

register("Everywhere", {
  "Mod+z": ["Undo what the last message says", () => {
    const back = [...document.querySelectorAll("#toasts [data-undo]")].at(-1);
    if (!back) return false;
    back.click();
  }],
});
