/**
 * Page views and engagement: what the visitor has really seen, and for how long.
 *
 * A view counts when it is first visible. Engagement belongs to the view before it and is sent
 * when the page is hidden, left, or replaced by the next view: visible milliseconds since it was
 * last sent, and the greatest scroll depth in per cent.
 */

import { flush, save } from "./delivery";
import { guarded, listen, options } from "./page";
import { notice } from "./record";

/** The page's address; the fragment is part of it only where it is the route. */
export const address = (): string => location.href.replace("hash" in options ? "" : /#.*/, "");

/** What makes another page: its path. Filters and searches in the query do not. */
const route = (): string => address().replace(/\?[^#]*/, "");

/** The view that events belong to: its address, and where its visitor came from. */
export const view: { l: string; r: string; k?: string } = { l: address(), r: document.referrer };

/** The route of the last view; none before the first. */
export let shown: string | undefined;
/** When the page came into view, on the page's clock; 0 while it is out of view. */
let began = 0;
let depth = 0;

const engagement = (): void => {
  const ms = (performance.now() - began) | 0;
  if (began && ms > 999) notice("engagement", { ms, depth });
  began = 0;
};

const scrolled = (): void => {
  const seen = ((scrollY + innerHeight) / document.documentElement.scrollHeight) * 100;
  depth = Math.max(depth, Math.min(100, seen | 0));
};

/** Count a view if the page can be seen and is another than the one counted last. */
const show = (): void => {
  if (document.hidden) return;
  if (shown !== route()) {
    if (shown) {
      engagement();
      view.r = view.l;
    }
    notice("pageview");
    shown = route();
    depth = 0;
    scrolled();
  }
  began = began || performance.now();
};

const leave = (): void => {
  engagement();
  flush(true);
  save();
};

/** Later: frameworks set the title after the address, and some redirect at once. */
const moved = (): void => {
  setTimeout(guarded(show), 30);
};

/** Begin to count. */
export const watch = guarded((): void => {
  for (const name of ["pushState", "replaceState"] as const) {
    const original = history[name];
    history[name] = (...given: Parameters<History["pushState"]>) => {
      original.apply(history, given);
      moved();
    };
  }
  listen("popstate", moved);
  listen("pageshow", (event: PageTransitionEvent) => {
    if (event.persisted) {
      // Back on a page of this visit: a view, but no entrance by its old referrer.
      shown = "-";
      show();
    }
  });
  listen("visibilitychange", () => {
    if (document.hidden) leave();
    show();
  });
  listen("pagehide", leave);
  listen("scroll", scrolled);
  show();
});
