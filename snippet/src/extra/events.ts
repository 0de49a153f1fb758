/** Elements that name their own event: `data-tracker-event` and its details. */

import { listen, record } from "./core";

const send = ({ dataset }: HTMLElement): void =>
  record(
    dataset.trackerEvent as string,
    dataset.trackerProps && JSON.parse(dataset.trackerProps),
    dataset.trackerValue,
    dataset.trackerCurrency,
  );

export const events = (): void => {
  listen("click", (event: MouseEvent) => {
    const element = (event.target as Element).closest("[data-tracker-event]:not(form)");
    if (element) send(element as HTMLElement);
  });
  listen("submit", (event: SubmitEvent) => {
    const form = event.target as HTMLElement;
    if (form.dataset.trackerEvent) send(form);
  });
};
