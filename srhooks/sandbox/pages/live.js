// Keeps the lists of the sandbox's page fresh. Without it the page has to be reloaded.

const INTERVAL = 2000; // milliseconds

async function refresh() {
  const answer = await fetch("/", { cache: "no-store" });
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const section of document.querySelectorAll("[data-live]")) {
    if (section.contains(document.activeElement)) continue; // somebody is at its buttons
    const found = fresh.querySelector(`[data-live="${section.dataset.live}"]`);
    if (found && found.innerHTML !== section.innerHTML) section.replaceWith(found);
  }
}

setInterval(() => {
  if (!document.hidden) refresh().catch(() => {});
}, INTERVAL);
