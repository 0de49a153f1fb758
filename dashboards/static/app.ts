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

/** A part that was refused: its page says why. Otherwise old figures would stand under new filters. */
function showRefusal(event: Event): void {
  const detail = (event as CustomEvent<{ target: Element; pathInfo: { finalRequestPath: string } }>)
    .detail;
  if (detail.target.id === "report") location.assign(detail.pathInfo.finalRequestPath);
}

/** Say that the server was not reached, until it is: what is shown is older than the filters. */
function showSilence(): void {
  if (document.getElementById("silence")) return;
  const note = document.createElement("div");
  note.id = "silence";
  note.className = "note fail spaced";
  note.setAttribute("role", "alert");
  note.textContent = meta("tracker-silence");
  document.getElementById("main")?.prepend(note);
}

/** How long a second click counts as the same one, in milliseconds. */
const SENDING = 10_000;
const sent = new WeakMap<HTMLFormElement, number>();

/** A form that changes something is sent once, however long its answer takes. */
function sendOnce(event: SubmitEvent): void {
  const form = event.target as HTMLFormElement;
  if (event.defaultPrevented || form.method !== "post") return;
  if (Date.now() - (sent.get(form) ?? 0) < SENDING) event.preventDefault();
  else sent.set(form, Date.now());
}

/** The field that an error names is marked, described by the error and in focus. */
function showWrongField(): void {
  const name = document.getElementById("problem")?.dataset.field;
  const field = name ? document.getElementById(name) : null;
  if (!field) return;
  const described = field.getAttribute("aria-describedby");
  field.setAttribute("aria-describedby", described ? `problem ${described}` : "problem");
  field.setAttribute("aria-invalid", "true");
  field.closest("details")?.setAttribute("open", "");
  field.focus();
}

document.documentElement.classList.add("js");
document.addEventListener("htmx:configRequest", sendCsrfToken);
document.addEventListener("htmx:afterSettle", drawCharts);
document.addEventListener("htmx:responseError", showRefusal);
document.addEventListener("htmx:sendError", showSilence);
document.addEventListener("htmx:afterOnLoad", () => document.getElementById("silence")?.remove());
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
document.addEventListener("submit", sendOnce);
// A page that the browser brings back as it was left may send its forms again.
addEventListener("pageshow", () => {
  for (const form of document.forms) sent.delete(form);
});
for (const button of document.querySelectorAll<HTMLElement>("[data-copy]")) button.hidden = false;
/** Many sections: the one that is open has to be in sight on a phone, too. */
document
  .querySelector(".tabs [aria-current]")
  ?.scrollIntoView({ block: "nearest", inline: "center" });
showWrongField();
followLayout();
drawCharts();
