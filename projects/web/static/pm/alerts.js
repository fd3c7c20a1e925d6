// Desktop notifications of new entries in the inbox. pm.js loads this where the person allowed them.

const KNOWN = "pm-alerts-known"; // the entries that some page of this board has seen

async function look() {
  const answer = await fetch("/inbox/notifications/", { cache: "no-store" }).catch(() => null);
  if (!answer?.ok) return;
  const { entries } = await answer.json();
  const before = localStorage.getItem(KNOWN); // read as late as possible: other pages write it, too
  localStorage.setItem(KNOWN, JSON.stringify(entries.map((entry) => entry.id)));
  if (before === null || (!document.hidden && document.hasFocus())) return;
  const known = new Set(JSON.parse(before));
  for (const entry of entries) if (!known.has(entry.id)) notify(entry);
}

// Two pages with the same entry show one notification: they have one tag.
function notify({ id, title, text }) {
  const shown = new Notification(title, { body: text, tag: id, icon: "/static/pm/favicon.svg" });
  shown.onclick = () => {
    focus();
    location.assign(`/inbox/#${id}`);
    shown.close();
  };
}

addEventListener("pm:inbox", look);
look();
