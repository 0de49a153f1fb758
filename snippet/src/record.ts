/** Turns what happened into an event and queues it. */

import { enqueue } from "./delivery";
import { stopped, visitor } from "./identity";
import { options, randomHex } from "./page";
import { address, shown, view } from "./views";

/** Record an event, unless the visitor has opted out. */
export const record = (
  name: string,
  props?: unknown,
  value?: unknown,
  currency?: unknown,
): void => {
  if (stopped) return;
  const now = Date.now();
  // The first view keeps the address that the script was started under: by now, an app may have
  // taken the click id out of it.
  if (name === "pageview" && shown) view.l = address();
  enqueue({
    v: 1,
    s: options.site,
    i: randomHex(32),
    n: `${name}`,
    o: now,
    a: 0,
    u: visitor(now),
    ...view,
    d: document.title,
    w: [screen.width, screen.height, innerWidth, innerHeight],
    g: navigator.language,
    p: props,
    x: value,
    c: currency,
    b: navigator.webdriver,
  });
};

/** Record what was noticed without a call, unless the site has switched that off. */
export const notice = (name: string, props?: unknown): void => {
  if (!(options.off || "").includes(name)) record(name, props);
};
