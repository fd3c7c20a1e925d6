// The agents page: leases count down, and the dialogs of the lanes. templates/pm/agent_lane.html has the markup.

import { $, all, refresh } from "./pm.js";

const LOOK = 30000; // milliseconds: signs of life and renewals are no changes of the board

function countDown() {
  for (const bar of all("progress[data-until]")) {
    const left = Math.max(0, (new Date(bar.dataset.until) - Date.now()) / 1000), minutes = Math.ceil(left / 60);
    if (Math.round(bar.value) !== Math.round(left)) bar.value = left;
    const words = bar.parentNode.querySelector("[data-left]");
    const text = left ? `${minutes < 120 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`} left` : "the claim expires now";
    if (words && words.textContent !== text) words.textContent = text;
  }
}

addEventListener("click", ({ target }) => {
  const button = target.closest?.("[data-asks]");
  if (!button) return;
  const dialog = $(button.dataset.asks), form = dialog.querySelector("form");
  form.dataset.post = button.dataset.url;
  dialog.querySelector("[data-named]").textContent = button.dataset.about;
  for (const option of all("option[id]", dialog)) option.disabled = option.id === `to-${button.dataset.not}`;
  dialog.showModal();
  dialog.querySelector("[data-first]").focus();
});

addEventListener("pm:settled", countDown);
setInterval(countDown, 1000);
setInterval(() => { if (!document.hidden) refresh(); }, LOOK);
