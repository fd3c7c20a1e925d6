// Dragging the rows of `[data-order="/url/"]` into another order, which is posted as repeated `lane`. The buttons beside
// them do the same by keyboard, by touch and without this script.

import { all, announce, held, post, reason, refresh } from "./pm.js";
import { toastOf } from "./toast.js";

let row = null;

addEventListener("dragstart", (event) => {
  row = event.target.closest?.("[data-order] > [draggable]") ?? null;
  if (!row) return;
  held.add(row); // no refresh may move the rows meanwhile
  event.dataTransfer.effectAllowed = "move";
  event.dataTransfer.setData("text/plain", row.dataset.laneId);
  row.setAttribute("data-lifted", "");
});

addEventListener("dragover", (event) => {
  const over = row && event.target.closest?.("[data-order] > [draggable]");
  if (!over || over.parentElement !== row.parentElement) return;
  event.preventDefault();
  const { top, height } = over.getBoundingClientRect();
  if (over !== row) over[event.clientY < top + height / 2 ? "before" : "after"](row);
});

addEventListener("drop", (event) => row && event.preventDefault());

addEventListener("dragend", async (event) => {
  if (!row) return;
  const list = row.parentElement, dropped = event.dataTransfer.dropEffect !== "none";
  row.removeAttribute("data-lifted");
  if (dropped) {
    const answer = await post(list.dataset.order, new URLSearchParams(all("[data-lane-id]", list).map((one) => ["lane", one.dataset.laneId])));
    if (answer?.ok) toastOf(answer);
    else if (answer) announce(await reason(answer));
  }
  held.delete(row);
  row = null;
  refresh();
});
