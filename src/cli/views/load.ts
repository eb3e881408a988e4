import type { LoadRow, loadDetail, loadList } from '../../admin/load.js';
import { table } from './table.js';

/** The answers of `/load` and `/load/NAME`. */
export type LoadAnswer = ReturnType<typeof loadList>;
export type ServiceLoadAnswer = NonNullable<ReturnType<typeof loadDetail>>;

const HEADINGS = ['REQ/S', 'ERRORS', 'IN PROGRESS', 'LATENCY', 'DROPPED/S', 'REQUESTS', 'OF THEM ERRORS'];

export function loadText({ services }: LoadAnswer): string {
  if (services.length === 0) return 'No proxy has reported any traffic.\n';
  return table(
    ['SERVICE', ...HEADINGS],
    services.map((row) => [row.service, ...cells(row)]),
  );
}

export function serviceLoadText(answer: ServiceLoadAnswer): string {
  return table(
    ['INSTANCE', ...HEADINGS],
    [['(all)', ...cells(answer)], ...answer.instances.map((row) => [row.address, ...cells(row)])],
  );
}

/** The last minute, and all since the first report. */
function cells({ last_1m, last_5m, total }: LoadRow): readonly unknown[] {
  const share = last_1m?.error_share ?? null;
  // More has been seen in five minutes than in one.
  const latency = last_1m?.latency_ms ?? last_5m?.latency_ms ?? null;
  return [
    last_1m?.requests_per_second ?? '-',
    share === null ? '-' : `${(share * 100).toFixed(1)}%`,
    last_1m?.in_progress ?? '-',
    latency === null ? '-' : `~${latency} ms`,
    last_1m?.dropped_per_second ?? '-',
    total.requests,
    total.errors,
  ];
}
