/**
 * The visitor id goes along on links to the company's other domains.
 *
 * The parameter holds id, time and a check over both, the browser and the site. It is good for two
 * minutes: a link that is passed on does not make its readers the same visitor.
 */

import { linkOf, listen, options, storedVisitor } from "./core";

const PARAMETER = "_tk";
const MINUTES = 12e4;
/** The parameter in an address: what stands before it, its value, what joins the next one. */
const OURS = /([?&])_tk=([\w.]*)(&|)/;

/** FNV-1a over what only the same browser, at this time, and a page of this site would say. */
const check = (id: string, time: string): string => {
  let hash = 0x811c9dc5;
  for (const character of [id, time, navigator.userAgent, navigator.language, options.site].join())
    hash = Math.imul(hash ^ character.charCodeAt(0), 0x1000193);
  return (hash >>> 0).toString(36);
};

/** Whether a host is one of the listed ones, or below it. */
const listed = (host: string): boolean =>
  (options.domains || "")
    .split(" ")
    .some((own) => host === own || (own && host.endsWith(`.${own}`)));

const pass = (event: MouseEvent): void => {
  const link = linkOf(event);
  const id = storedVisitor();
  if (!link || !id || link.host === location.host || !listed(link.hostname)) return;
  const time = Date.now().toString(36);
  // NOTE: as text; URLSearchParams would write the others anew, and break those that are not UTF-8.
  const [address, ...fragment] = link.href.replace(OURS, "$1").split("#");
  const joint = address.includes("?") ? "&" : "?";
  const handed = `${address}${joint}${PARAMETER}=${[id, time, check(id, time)].join(".")}`;
  link.href = [handed, ...fragment].join("#");
};

/** Take over the id that the address hands in, and take it out of the address. */
const receive = (): void => {
  const [, , handed, rest] = OURS.exec(location.href) || [];
  if (!handed) return;
  history.replaceState(history.state, "", location.href.replace(OURS, rest ? "$1" : ""));
  const [id, time, signed] = handed.split(".");
  const age = Date.now() - parseInt(time, 36);
  const known = localStorage["tracker.id"];
  // Where consent is asked for, an id that is there says that it was given.
  const allowed = known ? known[1] : options.consent === undefined;
  if (allowed && /^[\da-f]{16}$/.test(id) && Math.abs(age) < MINUTES && signed === check(id, time))
    localStorage["tracker.id"] = `${id}.${Date.now()}`;
};

export const domains = (): void => {
  receive();
  listen("click", pass);
  listen("auxclick", pass);
};
