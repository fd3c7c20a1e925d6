// The key that the title of a new project suggests, until you type a key. pm.js loads this with the first title.

let asked = 0;

export async function suggest(title) {
  const { key } = title.form.elements, mine = ++asked;
  if (key.value && key.value !== key.dataset.suggested) return;
  const answer = await fetch(`${title.dataset.suggests}?${new URLSearchParams({ title: title.value })}`).catch(() => null);
  const text = answer?.ok ? await answer.text() : null;
  if (text === null || mine !== asked || (key.value && key.value !== key.dataset.suggested)) return;
  key.value = key.dataset.suggested = text;
}
