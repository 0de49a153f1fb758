/**
 * What is noticed without a line of script: links that lead away, downloads, forms, and
 * *intents*: the tap on a telephone number, a mail address, a chat.
 */

import { listen } from "./page";
import { notice } from "./record";

const FILES = /\.(pdf|(doc|xls|ppt)x?|csv|zip|rar|7z|exe|dmg|apk|dwg|dxf|ste?p|mp4)$/i;

/** Ways to talk: the link's scheme, or what is telling in its host. */
const INTENT =
  /^(tel|mailto|whatsapp|tg|mqq|weixin)\w*:|^https?:..[^/]*\b(qiao|wa\.me|wpa|53kf|whatsapp|t\.me|work\.weixin)\b/;

const clicked = (event: MouseEvent): void => {
  const link = (event.target as Element).closest<HTMLAnchorElement>("a[href]");
  // The right button opens a menu; only the left and middle ones follow a link.
  if (!link || event.button > 1) return;
  const url = link.href;
  const intent = INTENT.exec(url);
  if (intent) notice("intent", { kind: intent[1] || intent[2], url });
  else if (FILES.test(link.pathname)) notice("download", { url });
  else if (link.host && link.host !== location.host) notice("outbound", { url });
};

/** The names of a form's fields, never what was written into them. */
const submitted = (event: SubmitEvent): void => {
  const form = event.target as HTMLFormElement;
  notice("form", {
    // NOTE: not form.id, which is the field named "id" where there is one.
    id: form.getAttribute("id") || form.getAttribute("name"),
    fields: `${[...form.elements]
      .map((field) => (field as HTMLInputElement).name)
      .filter((name) => name)}`,
  });
};

export const attend = (): void => {
  listen("click", clicked);
  listen("auxclick", clicked);
  listen("submit", submitted);
};
