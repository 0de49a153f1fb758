/**
 * The visit code: what a visitor says on the telephone, or sends with a message, so that sales can
 * tell the tracker which visit it was. With it goes the keyword, for form fields that ask for it.
 */

import { guarded, linkOf, listen, storedItem, storedVisitor, tracker, view } from "./core";

const KEY = "tracker.code";
const VISIT = 18e5;

/** Nothing that is misread on the telephone or by hand: no 0 O, 1 I, 2, 5, 8. */
const ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ34679";

/** Last values; the page shows them without touching storage. */
let code: string | undefined;
let keyword = "";

const fresh = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(4)), (byte) => ALPHABET[byte % 29]).join("");

/** The code for an event of now, refreshed; none, and none kept, where no id may be stored. */
const current = (): string | undefined => {
  if (!storedVisitor()) clear();
  else {
    const [found, seen, word] = (localStorage[KEY] || "").split(".");
    const now = Date.now();
    const live = now - seen < VISIT;
    code = live ? found : fresh();
    keyword = arrived() || (live && word) || "";
    localStorage[KEY] = `${code}.${now}.${keyword}`;
  }
  show();
  return code;
};

const clear = (): void => {
  code = undefined;
  // NOTE: only where there is one: reading a closed storage throws, and the event would be lost.
  if (storedItem(KEY)) delete localStorage[KEY];
};

/** The keyword in the page's own address, still encoded, and without the separator used above. */
const arrived = (): string =>
  (/[?&](?:utm_term|hmkw|keyword|kw)=([^&#]+)/.exec(location.href)?.[1] || "").replace(
    /\./g,
    "%2E",
  );

const decoded = (): string => {
  try {
    return decodeURIComponent(keyword.replace(/\+/g, " "));
  } catch {
    return keyword;
  }
};

/** Write code and keyword wherever the page has a place for them. */
const show = (): void => {
  document.querySelectorAll("[data-tracker-ref]").forEach((element) => {
    element.textContent = code || "";
  });
  document.querySelectorAll<HTMLInputElement>("input[name^=tracker_]").forEach((field) => {
    if (field.name === "tracker_ref") field.value = code || "";
    if (field.name === "tracker_keyword") field.value = decoded();
  });
};

/** Add the code to the text that a WhatsApp or mail link begins with. */
const mark = (event: MouseEvent): void => {
  const link = linkOf(event);
  const kind = link && /^mailto:|^whatsapp:|^https:..(wa\.me|api\.whatsapp\.com)\//.exec(link.href);
  if (!link || !kind || !code || link.href.includes(code)) return;
  const name = kind[0] === "mailto:" ? "subject" : "text";
  const added = encodeURIComponent(`[${code}]`);
  const written = new RegExp(`([?&]${name}=)([^&#]*)`, "i");
  link.href = written.test(link.href)
    ? link.href.replace(written, `$1$2%20${added}`)
    : `${link.href}${link.href.includes("?") ? "&" : "?"}${name}=${added}`;
};

export const visitCode = (): void => {
  // Every event reads its fields off the view, after it has read the id: so each one refreshes it.
  Object.defineProperty(view, "k", { enumerable: true, get: current });
  if (!storedVisitor()) clear();
  // No event follows an opt-out, so nothing else would take the code away.
  const { optOut } = tracker;
  tracker.optOut = (out) => {
    optOut(out);
    guarded(current)();
  };
  listen("click", mark);
  listen("submit", show);
};
