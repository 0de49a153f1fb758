/**
 * The visitor id goes along on links to the company's other domains.
 *
 * The parameter holds id, time and a signature over both, the browser, the site and the page's host.
 * A script that everybody can read keeps no secret, so the signature alone would stop nobody who
 * forges one; what it ends is the link that is altered, passed on or opened elsewhere. Who may hand
 * over is settled by the browser: the id is taken only from a page of a listed domain, as the
 * referrer says, which a page of another domain, a message or a bookmark cannot imitate. And it is
 * good for two minutes only.
 */

import { linkOf, listen, options, storedVisitor, view } from "./core";

const PARAMETER = "_tk";
const MINUTES = 12e4;
/** The parameter in an address: what stands before it, its value, what joins the next one. */
const OURS = /([?&])_tk=([\w.]*)(&|)/;

/** FNV-1a over what the same browser, on its way from this host to that one, would say. */
const signature = (id: string, time: string, from: string, to: string): string => {
  let hash = 0x811c9dc5;
  const said = [id, time, from, to, navigator.userAgent, navigator.language, options.site];
  for (const character of said.join()) hash = Math.imul(hash ^ character.charCodeAt(0), 0x1000193);
  return (hash >>> 0).toString(36);
};

/** Whether a host is one of the listed ones, or below it. */
const listed = (host: string): boolean =>
  (options.domains || "")
    .split(" ")
    .some((own) => own && (host === own || host.endsWith(`.${own}`)));

const pass = (event: MouseEvent): void => {
  const link = linkOf(event);
  const id = storedVisitor();
  if (!link || !id || link.host === location.host || !listed(link.hostname)) return;
  const time = Date.now().toString(36);
  // NOTE: as text; URLSearchParams would write the others anew, and break those that are not UTF-8.
  const [address, ...fragment] = link.href.replace(OURS, "$1").split("#");
  const joint = address.includes("?") ? "&" : "?";
  const handed = `${address}${joint}${PARAMETER}=${[
    id,
    time,
    signature(id, time, location.hostname, link.hostname),
  ].join(".")}`;
  link.href = [handed, ...fragment].join("#");
};

/** Take over the id that the address hands in, and take it out of the address. */
const receive = (): void => {
  const [, , handed, rest] = OURS.exec(location.href) || [];
  if (!handed) return;
  const without = (address: string): string => address.replace(OURS, rest ? "$1" : "");
  history.replaceState(history.state, "", without(location.href));
  view.l = without(view.l);
  // NOTE: no referrer, no taking over: a link in a message has none either.
  const from = document.referrer && new URL(document.referrer).hostname;
  const [id, time, signed] = handed.split(".");
  const age = Date.now() - parseInt(time, 36);
  const known = localStorage["tracker.id"];
  // Where consent is asked for, an id that is there says that it was given.
  const allowed = known ? known[1] : options.consent === undefined;
  if (
    allowed &&
    listed(from) &&
    /^[\da-f]{16}$/.test(id) &&
    Math.abs(age) < MINUTES &&
    signed === signature(id, time, from, location.hostname)
  )
    localStorage["tracker.id"] = `${id}.${Date.now()}`;
};

export const domains = (): void => {
  receive();
  listen("click", pass);
  listen("auxclick", pass);
};
