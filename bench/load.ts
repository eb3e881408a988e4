import { command } from '../test/peers/cache.js';
import { LOAD } from './build.js';
import type { RunningServer } from './servers.js';

export type Variant = 'delta' | 'sotw';

/** What is served, to how many. */
export interface Size {
  readonly services: number;
  readonly endpoints: number;
  readonly proxies: number;
}

type PerType = Readonly<Partial<Record<'cds' | 'eds' | 'lds' | 'rds', number>>>;

/** What the load generator measured. Absent where the phase was not asked for. */
export interface LoadResult {
  readonly storm: {
    readonly all_ms: number;
    readonly server_cpu_s: number;
    readonly rx_bytes_per_client: number;
    readonly others_cpu_pct: number;
  };
  readonly updates?: {
    readonly n: number;
    readonly p50_ms: number;
    readonly p99_ms: number;
    readonly max_ms: number;
    /** Until the last proxy had it. */
    readonly all_clients_p50_ms: number;
    readonly all_clients_p99_ms: number;
    /** What a bare client's watch of the registry saw, where changes go into one. */
    readonly bare_n: number;
    readonly bare_p50_ms: number;
    readonly bare_p99_ms: number;
    readonly server_cpu_ms: number;
    /** Of the process that took most, with `-pid-tree`. */
    readonly busiest_cpu_ms: number;
    readonly rx_bytes: number;
    readonly resources: PerType;
    readonly wall_s: number;
    /** From the last change to the last proxy that has it. */
    readonly drain_ms: number;
    /** What the server said of itself after the updates, where `-mark-url` asks it. */
    readonly mark?: unknown;
    readonly others_cpu_pct: number;
  };
  readonly reconnect?: {
    readonly last_msg_ms: number;
    readonly resources_per_client: PerType;
    readonly server_cpu_s: number;
  };
  readonly rss_mb: {
    readonly idle: number;
    readonly storm: number;
    readonly end?: number;
    readonly peak: number;
  };
  readonly check: Readonly<Record<string, unknown>>;
}

/**
 * Lets so many proxies come and changes endpoints; see `load/` for what it does and checks.
 * @param flags further flags of the load generator
 * @throws Error when a proxy did not get what it was due
 */
export async function runLoad(
  server: Pick<RunningServer, 'grpcAddress' | 'control'> & { readonly process: { readonly pid: number } },
  variant: Variant,
  { services, endpoints, proxies }: Size,
  flags: readonly string[],
): Promise<LoadResult> {
  const output = await command(LOAD, [
    ...[`-mode=${variant}`, `-services=${services}`, `-endpoints=${endpoints}`, `-clients=${proxies}`],
    `-target=${server.grpcAddress}`,
    `-update-url=${server.control}/update?service={service}&weight={weight}`,
    `-pid=${server.process.pid}`,
    ...flags,
  ]);
  return JSON.parse(output) as LoadResult;
}
