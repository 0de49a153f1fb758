/** Progressive enhancement of the dashboard. Every page works without it. */
import { drawCharts, followLayout } from "./chart";

function meta(name: string): string {
  return document.querySelector<HTMLMetaElement>(`meta[name="${name}"]`)?.content ?? "";
}

/** State-changing requests made by htmx carry the session's CSRF token in a header. */
function sendCsrfToken(event: Event): void {
  const detail = (event as CustomEvent<{ headers: Record<string, string>; verb: string }>).detail;
  if (detail.verb !== "get") detail.headers["X-CSRF-Token"] = meta("csrf-token");
}

async function copy(button: HTMLElement): Promise<void> {
  const source = document.getElementById(button.dataset.copy ?? "");
  if (!source) return;
  await navigator.clipboard.writeText(source.textContent?.trim() ?? "");
  const before = button.textContent;
  button.textContent = button.dataset.done ?? before;
  setTimeout(() => {
    button.textContent = before;
  }, 2000);
}

document.documentElement.classList.add("js");
document.addEventListener("htmx:configRequest", sendCsrfToken);
document.addEventListener("htmx:afterSettle", drawCharts);
document.addEventListener("htmx:historyRestore", drawCharts);
document.addEventListener("click", (event) => {
  const target = event.target as Element | null;
  const button = target?.closest<HTMLElement>("[data-copy]");
  if (button) void copy(button);
});
document.addEventListener("submit", (event) => {
  const question = (event.target as HTMLElement).dataset.confirm;
  if (question && !confirm(question)) event.preventDefault();
});
for (const button of document.querySelectorAll<HTMLElement>("[data-copy]")) button.hidden = false;
/** Many sections: the one that is open has to be in sight on a phone, too. */
document
  .querySelector(".tabs [aria-current]")
  ?.scrollIntoView({ block: "nearest", inline: "center" });
followLayout();
drawCharts();
