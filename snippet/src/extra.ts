/** The second file: what only some sites use, each part switched on by a word in `data-extra`. */

import { chat } from "./extra/chat";
import { visitCode } from "./extra/code";
import { contact } from "./extra/contact";
import { options } from "./extra/core";
import { domains } from "./extra/domains";
import { events } from "./extra/events";

const parts: Record<string, () => void> = { chat, code: visitCode, contact, domains, events };

for (const name of (options.extra || "").split(" "))
  try {
    parts[name]();
  } catch {
    // One part that fails, or is misspelt, takes no other with it.
  }
