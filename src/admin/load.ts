import type { LoadBook } from '../telemetry/load/load-book.js';
import { meansOf, ratesOf } from '../telemetry/load/load-rates.js';
import type { LoadWindow } from '../telemetry/load/load-window.js';

const MINUTE = 60;

/** What `/load` shows of one service or instance. */
export type LoadRow = ReturnType<typeof loadRow>;

const ORDERS = {
  errors: ({ last_1m, total }: LoadRow) => last_1m?.error_share ?? shareOf(total),
  requests: ({ last_1m, total }: LoadRow) => last_1m?.requests_per_second ?? total.requests,
  latency: ({ last_1m, last_5m }: LoadRow) => last_1m?.latency_ms ?? last_5m?.latency_ms ?? 0,
} as const;

/** What rows may be sorted by, the greatest first. */
export type LoadOrder = keyof typeof ORDERS;

/** @returns undefined for what is no order */
export function loadOrder(text: string): LoadOrder | undefined {
  return Object.hasOwn(ORDERS, text) ? (text as LoadOrder) : undefined;
}

/**
 * What `/load` shows: the services that had traffic.
 * @param part shows those only whose name has this in it
 */
export function loadList(book: LoadBook, order: LoadOrder, part: string) {
  const rows = [...book.services()]
    .filter(({ name }) => name.includes(part))
    .map(({ name, window, instances, lastReport }) => ({
      service: name,
      instances: instances.size,
      ...reported(lastReport),
      ...loadRow(window, book),
    }));
  return { services: sorted(rows, order, ({ service }) => service) };
}

/** What `/load/NAME` shows; undefined for a service of which nothing was reported. */
export function loadDetail(book: LoadBook, order: LoadOrder, name: string) {
  const service = book.service(name);
  if (service === undefined) return undefined;
  const rows = [...service.instances].map(([address, window]) => ({ address, ...loadRow(window, book) }));
  return {
    service: name,
    ...reported(service.lastReport),
    ...loadRow(service.window, book),
    instances: sorted(rows, order, ({ address }) => address),
  };
}

function loadRow(window: LoadWindow, book: LoadBook) {
  const total = window.total();
  const { successes, errors, dropped } = total;
  return {
    last_1m: ratesOf(window, MINUTE, book),
    last_5m: ratesOf(window, 5 * MINUTE, book),
    total: {
      requests: successes + errors,
      errors,
      dropped,
      metrics: meansOf(total, window.metrics),
    },
  };
}

function reported(at: number) {
  return { last_report: new Date(at).toISOString() };
}

function shareOf({ requests, errors }: { readonly requests: number; readonly errors: number }): number {
  return requests === 0 ? 0 : errors / requests;
}

/** Of equal ones the busier first, then by name: an order that does not hang on who reported first. */
function sorted<Row extends LoadRow>(rows: readonly Row[], order: LoadOrder, nameOf: (row: Row) => string) {
  return [...rows].sort(
    (a, b) =>
      ORDERS[order](b) - ORDERS[order](a) ||
      ORDERS.requests(b) - ORDERS.requests(a) ||
      (nameOf(a) < nameOf(b) ? -1 : 1),
  );
}
