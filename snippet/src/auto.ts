/**
 * What is noticed without a line of script: links that lead away, downloads, forms, and
 * *intents*: the tap on a telephone number, a mail address, a chat.
 */

import { listen } from "./page";
import { notice, record } from "./record";

const FILES =
  /\.(pdf|docx?|xlsx?|pptx?|csv|zip|rar|7z|gz|exe|msi|dmg|apk|dwg|dxf|ste?p|igs|mp[34])$/i;

/** Schemes that open something else than a page, and the hosts of chats. */
const SCHEMES = /^(?!http|java|blob|data)/;
const HOSTS =
  /\b(wa\.me|whatsapp\.com|t\.me|wpa\w*\.qq\.com|work\.weixin\.qq\.com|qiao\.baidu\.com|53kf\.com|kuaishang\w*\.\w+)$/;

/** Record the event that a `data-tracker-event` element names. */
const marked = (element: Element): void => {
  const { trackerEvent, trackerProps, trackerValue, trackerCurrency } = (element as HTMLElement)
    .dataset;
  record(
    trackerEvent as string,
    trackerProps && JSON.parse(trackerProps),
    trackerValue,
    trackerCurrency,
  );
};

const clicked = (event: MouseEvent): void => {
  const target = event.target as Element;
  const element = target.closest("[data-tracker-event]:not(form)");
  const link = target.closest("a[href],area") as HTMLAnchorElement | null;
  // The right button opens a menu; only the left and middle ones follow a link.
  if (event.button > 1) return;
  if (element) marked(element);
  if (!link) return;
  const url = link.href;
  const kind = SCHEMES.test(url)
    ? link.protocol.slice(0, -1)
    : (HOSTS.exec(link.hostname) || [])[0];
  if (kind) notice("intent", { kind, url });
  else if (FILES.test(link.pathname)) notice("download", { url });
  else if (link.hostname && link.host !== location.host) notice("outbound", { url });
};

/** The names of a form's fields, never what was written into them. */
const submitted = (event: SubmitEvent): void => {
  const form = event.target as HTMLFormElement;
  if (form.matches("[data-tracker-event]")) marked(form);
  else
    notice("form", {
      // NOTE: not form.id, which is the field named "id" where there is one.
      id: form.getAttribute("id") || form.getAttribute("name"),
      fields: Array.from(form.elements, (field) => field.getAttribute("name"))
        .filter(Boolean)
        .join(),
    });
};

export const attend = (): void => {
  listen(document, "click auxclick", clicked);
  listen(document, "submit", submitted);
};
