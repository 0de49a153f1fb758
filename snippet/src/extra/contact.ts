/** Form fields that the site has mapped to a contact are sent as an `identify` on submission. */

import { listen, options, record } from "./core";

export const contact = (): void =>
  listen("submit", (event: SubmitEvent) => {
    const fields = (event.target as HTMLFormElement).elements;
    const found: Record<string, string> = {};
    for (const pair of (options.contact || "").split(" ")) {
      const [ours, name] = pair.split("=");
      const field = fields.namedItem(name) as HTMLInputElement | null;
      if (field?.value.trim()) found[ours] = field.value.trim();
    }
    if (Object.keys(found)[0]) record("identify", found);
  });
