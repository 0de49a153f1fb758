/**
 * At least once: an event stays queued until the server has answered for it.
 *
 * One request is under way at a time; what happens meanwhile goes together in the next one. On
 * failure the queue waits, longer each time, and is stored where that is allowed, so that the next
 * page sends the same events with the same ids. Events that another tab has stored stay.
 */

import { granted, QUEUE, stopped } from "./identity";
import { endpoint, guarded, listen, read, write } from "./page";

/** One event as it is sent; the fields are explained in README.md. */
export interface Wire {
  v: 1;
  s?: string;
  i: string;
  n: string;
  o: number;
  /** When it was last sent. */
  t?: number;
  a: number;
  u?: string;
  k?: string;
  l: string;
  r: string;
  d: string;
  w: number[];
  g: string;
  p?: unknown;
  x?: unknown;
  c?: unknown;
  b?: boolean;
}

const WEEK = 6048e5;
const AT_ONCE = 20;
/** Most events that wait. */
const QUEUED = 200;
/** In characters: below 64 KiB even at three bytes each. */
const LONGEST = 2e4;
/** The stored events; none where none may be stored, or where something else is in their place. */
const stored = guarded((): Wire[] =>
  JSON.parse((granted && read(QUEUE)) as string).filter((event: Wire) => event.i),
);

/** What waits for a request. */
let queue = stored() || [];
/** What is under way. */
let flying: Wire[] = [];
/** The ids that this page answers for, in one text: other stored events belong to other tabs. */
let mine = JSON.stringify(queue);
let failures = 0;
/** While a request is under way, and between a failure and the next attempt. */
let busy: boolean | undefined;
let size = AT_ONCE;

/** Store what is not delivered, where that is allowed. */
export const save = (): void => {
  const kept = (stored() || [])
    .filter((event) => !mine.includes(event.i))
    // Engagement is sent at the end of a page, where no answer is seen: it would go twice each time.
    .concat(
      queue,
      flying.filter((event) => event.n !== "engagement"),
    );
  write(QUEUE, granted && !stopped && kept[0] ? JSON.stringify(kept) : "");
};

/** Queue an event. Throws, before anything is queued, where it cannot be written as JSON. */
export const enqueue = (event: Wire): void => {
  const text = JSON.stringify(event);
  if (text.length < LONGEST) {
    mine += event.i;
    // A copy: the page may go on to change the props that it gave us.
    queue = queue.concat(JSON.parse(text)).slice(-QUEUED);
    flush();
  }
};

/** Send what is queued; `leaving` waits for nothing, because there may be no later. */
export const flush = (leaving?: boolean): void => {
  const now = Date.now();
  queue = queue.filter((event) => !stopped && now - event.o < WEEK);
  if (!queue[0] || (busy && !leaving)) return;
  busy = true;
  const part = queue.splice(0, size);
  flying = flying.concat(part);
  part.forEach((event) => {
    event.t = now;
    event.a++;
  });
  const done = guarded((status: Outcome, wait?: Outcome) => {
    const again = status === 429 || !(status < 500);
    flying = flying.filter((event) => !part.includes(event));
    // After any failure one by one, and behind the others: what is too large or refused, or cannot
    // pass, shall take no other with it.
    size = status < 400 ? AT_ONCE : 1;
    if (again || (part[1] && size < 2)) queue = queue.concat(part);
    save();
    setTimeout(
      guarded(resume),
      again
        ? (2 ** Math.min(++failures, 8) * (Math.random() + 1) + (wait | 0)) * 1e3
        : (failures = 0),
    );
  });
  send(JSON.stringify(part), done);
};

/**
 * What came of a request: the answer's status; 1, where the browser took charge of it without
 * showing the answer; anything else that is not below 500, where it failed.
 */
// biome-ignore lint/suspicious/noExplicitAny: compared as a number, whatever it is
type Outcome = any;

/** One request; reports its outcome, and how many seconds the server asks to wait. */
const send = (body: string, done: (status: Outcome, wait?: Outcome) => void): void => {
  if ("keepalive" in Request.prototype)
    fetch(endpoint, { method: "POST", body, keepalive: true })
      .then((answer) => done(answer.status, answer.headers.get("retry-after")))
      .catch(() => {
        // A page's content policy may allow images only. Contacts never go into an address; an empty
        // one is an error of the image, too.
        const image = new Image();
        image.onload = () => done(1);
        image.onerror = done;
        image.src = /"identify"/.test(body) ? "" : `${endpoint}?d=${encodeURIComponent(body)}`;
      });
  else done(1 / (navigator.sendBeacon(endpoint, body) as never));
};

const resume = (): void => {
  busy = false;
  flush();
};

listen("online", resume);
