import type { LoadResult, Size, Variant } from './load.js';
import type { ServerName } from './servers.js';

/** All runs of one column: one size, one variant, several servers. An empty list is a server that failed. */
export interface Column {
  readonly size: Size;
  readonly variant: Variant;
  readonly runs: ReadonlyMap<ServerName, readonly LoadResult[]>;
}

interface Metric {
  readonly title: string;
  readonly of: (result: LoadResult) => number | undefined;
}

const METRICS: readonly Metric[] = [
  { title: 'server CPU an update, ms', of: ({ updates }) => updates?.server_cpu_ms },
  { title: 'change to proxy, p50, ms', of: ({ updates }) => updates?.p50_ms },
  { title: 'change to proxy, p99, ms', of: ({ updates }) => updates?.p99_ms },
  { title: 'EDS resources an update and proxy', of: ({ updates }) => updates?.resources.eds },
  { title: 'bytes an update and proxy', of: ({ updates }) => updates?.rx_bytes },
  { title: 'connect storm: all complete, ms', of: ({ storm }) => storm.all_ms },
  { title: 'connect storm: server CPU, ms', of: ({ storm }) => storm.server_cpu_s * 1e3 },
  { title: 'memory after the storm, MB', of: ({ rss_mb }) => rss_mb.storm },
  { title: 'reconnect: server CPU, ms', of: ({ reconnect }) => reconnect && reconnect.server_cpu_s * 1e3 },
  {
    title: 'reconnect: EDS resources a proxy',
    of: ({ reconnect }) => reconnect && (reconnect.resources_per_client.eds ?? 0),
  },
];

const TITLES: Readonly<Record<ServerName, string>> = {
  snapshot: 'peer, snapshot',
  linear: 'peer, linear',
  floor: 'floor, grpc-js',
  'go-floor': 'floor, Go',
  signalbox: 'Signalbox',
};

/** One column as a Markdown table: medians, and Signalbox's ratios to the best of the peer's caches and to the floor. */
export function markdown({ size, variant, runs }: Column): string {
  const servers = [...runs.keys()];
  const ratios = runs.has('signalbox') && servers.length > 1;
  const header = [
    '',
    ...servers.map((name) => TITLES[name]),
    ...(ratios ? ['of the peer', 'of the floor'] : []),
  ];
  const rows = METRICS.map((metric) => {
    const values = new Map(servers.map((name) => [name, medianOf(runs.get(name) ?? [], metric)]));
    const own = values.get('signalbox');
    const comparison = [
      ratio(own, best([values.get('snapshot'), values.get('linear')])),
      ratio(own, values.get('floor')),
    ];
    return [metric.title, ...[...values.values()].map(rounded), ...(ratios ? comparison : [])];
  });
  const disturbance = Math.max(0, ...[...runs.values()].flat().map(disturbanceOf));
  return [
    `### S=${size.services}, E=${size.endpoints}, C=${size.proxies}, ${variant}`,
    '',
    ...[header, header.map((_, index) => (index === 0 ? '---' : '--:')), ...rows].map(
      (cells) => `| ${cells.join(' | ')} |`,
    ),
    '',
    `Other programs took up to ${disturbance.toFixed(0)} % of the machine meanwhile.`,
  ].join('\n');
}

function disturbanceOf({ storm, updates }: LoadResult): number {
  return Math.max(storm.others_cpu_pct, updates?.others_cpu_pct ?? 0);
}

function medianOf(results: readonly LoadResult[], { of }: Metric): number | undefined {
  return median(results.map(of).filter((value) => value !== undefined));
}

export function median(values: readonly number[]): number | undefined {
  const sorted = [...values].sort((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)];
  const lower = sorted[Math.ceil(sorted.length / 2) - 1];
  return upper === undefined || lower === undefined ? undefined : (upper + lower) / 2;
}

function best(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}

function ratio(own: number | undefined, other: number | undefined): string {
  if (own === undefined || other === undefined || other === 0) return '';
  const value = own / other;
  if (value === 0) return '0';
  return value < 0.5 ? `1/${rounded(1 / value)}` : `${value.toFixed(2)} ×`;
}

export function rounded(value: number | undefined): string {
  if (value === undefined) return 'failed';
  return value < 10 && !Number.isInteger(value) ? value.toFixed(1) : value.toFixed(0);
}
