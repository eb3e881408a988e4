import type { LoadResult, Size, Variant } from './load.js';
import type { ServerName } from './servers.js';

/** All runs of one column: one size, one variant, several servers. An empty list is a server that failed. */
export interface Column {
  readonly size: Size;
  readonly variant: Variant;
  readonly runs: ReadonlyMap<ServerName, readonly LoadResult[]>;
}

/** The most that Signalbox may take, as a share of the best of the peer's caches and of the floor. */
interface Target {
  readonly peer?: number;
  readonly floor?: number;
}

interface Metric {
  readonly title: string;
  readonly of: (result: LoadResult) => number | undefined;
  /** At the size that targets are set for. */
  readonly targets?: Partial<Record<Variant, Target>>;
}

export const TARGET_SIZE: Size = { services: 1_000, endpoints: 10, proxies: 1_000 };
const LATENCY: Target = { peer: 1 / 10, floor: 1.3 };
const MEMORY: Target = { peer: 1 / 4, floor: 1.3 };

const METRICS: readonly Metric[] = [
  {
    title: 'server CPU an update, ms',
    of: ({ updates }) => updates?.server_cpu_ms,
    targets: { delta: { peer: 1 / 14, floor: 1.3 }, sotw: { peer: 1 / 10 } },
  },
  {
    title: 'change to proxy, p50, ms',
    of: ({ updates }) => updates?.p50_ms,
    targets: { delta: LATENCY },
  },
  {
    title: 'change to proxy, p99, ms',
    of: ({ updates }) => updates?.p99_ms,
    targets: { delta: LATENCY },
  },
  { title: 'EDS resources an update and proxy', of: ({ updates }) => updates?.resources.eds },
  { title: 'bytes an update and proxy', of: ({ updates }) => updates?.rx_bytes },
  {
    title: 'connect storm: all complete, ms',
    of: ({ storm }) => storm.all_ms,
    targets: { delta: { peer: 0.6 } },
  },
  { title: 'connect storm: server CPU, ms', of: ({ storm }) => storm.server_cpu_s * 1e3 },
  {
    title: 'memory after the storm, MB',
    of: ({ rss_mb }) => rss_mb.storm,
    targets: { delta: MEMORY, sotw: MEMORY },
  },
  {
    title: 'reconnect: server CPU, ms',
    of: ({ reconnect }) => reconnect && reconnect.server_cpu_s * 1e3,
    targets: { delta: { peer: 1 / 4 } },
  },
  {
    title: 'reconnect: EDS resources a proxy',
    of: ({ reconnect }) => reconnect && (reconnect.resources_per_client.eds ?? 0),
    targets: { delta: { peer: 0 } },
  },
];

const TITLES: Readonly<Record<ServerName, string>> = {
  snapshot: 'peer, snapshot',
  linear: 'peer, linear',
  floor: 'floor, grpc-js',
  'go-floor': 'floor, Go',
  signalbox: 'Signalbox',
};

/**
 * One column as a Markdown table: medians, and Signalbox's ratios to the best of the peer's caches and to the floor, at
 * the size that targets are set for each with its target.
 */
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
    const target = same(size, TARGET_SIZE) ? metric.targets?.[variant] : undefined;
    const comparison = [
      ratio(own, best([values.get('snapshot'), values.get('linear')]), target?.peer),
      ratio(own, values.get('floor'), target?.floor),
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

/** @param most the target, where there is one */
function ratio(own: number | undefined, other: number | undefined, most?: number): string {
  if (own === undefined || other === undefined || (other === 0 && own !== 0)) return '';
  const value = own === 0 ? 0 : own / other;
  if (most === undefined) return share(value);
  return `${share(value)} (≤ ${share(most)}: ${value <= most ? 'met' : '**missed**'})`;
}

function share(value: number): string {
  if (value === 0) return '0';
  return value < 0.5 ? `1/${rounded(1 / value)}` : `${value.toFixed(2)} ×`;
}

function same(one: Size, other: Size): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** Two columns of equally many proxies: whether an update costs more where there are more services. */
export function independence(few: Column, many: Column): string {
  const [less, more] = [few, many].map(({ runs }) =>
    median((runs.get('signalbox') ?? []).flatMap(({ updates }) => updates?.server_cpu_ms ?? [])),
  );
  if (less === undefined || more === undefined) return '';
  const { services, proxies } = many.size;
  return (
    `An update at S=${services}, C=${proxies} takes Signalbox ${rounded(more)} ms of CPU, ` +
    `at S=${few.size.services} ${rounded(less)} ms: ${ratio(more, less, 1.3)}.`
  );
}

export function rounded(value: number | undefined): string {
  if (value === undefined) return 'failed';
  return value < 10 && !Number.isInteger(value) ? value.toFixed(1) : value.toFixed(0);
}
