import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { request } from 'undici';
import { command, installed, onPath } from './cache.js';
import { unpackDebianPackages } from './debian.js';
import { freePort, PeerProcess } from './process.js';

/** The folder of `prometheus` and `promtool`: those on PATH, else 2.42.0 out of Debian's archive. */
export async function installPrometheus(): Promise<string> {
  const given = onPath('promtool');
  if (given !== undefined && onPath('prometheus') !== undefined) return join(given, '..');
  const folder = await installed('prometheus-2.42.0', async (empty) => {
    await unpackDebianPackages(empty, 'bookworm', ['prometheus']);
    await command(join(empty, 'usr/bin/prometheus'), ['--version']);
  });
  return join(folder, 'usr/bin');
}

/** One result of a query. */
export interface PrometheusSeries {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [number, string];
}

export interface PrometheusRule {
  readonly name: string;
  readonly state: 'inactive' | 'pending' | 'firing';
  /** Whether it could be evaluated. */
  readonly health: 'unknown' | 'ok' | 'err';
  readonly lastError?: string;
}

/** A running Prometheus that scrapes one target every second. */
export class Prometheus {
  private constructor(
    readonly process: PeerProcess,
    /** `http://127.0.0.1:PORT` */
    readonly url: string,
    private readonly folder: string,
  ) {}

  /**
   * @param target `host:port` of what it scrapes, under the job `signalbox`
   * @param rules the path of a file of rules
   */
  static async start(target: string, rules: string): Promise<Prometheus> {
    const programs = await installPrometheus();
    const folder = mkdtempSync(join(tmpdir(), 'signalbox-prometheus-'));
    const config = {
      global: { scrape_interval: '1s', evaluation_interval: '1s' },
      rule_files: [rules],
      scrape_configs: [{ job_name: 'signalbox', static_configs: [{ targets: [target] }] }],
    };
    // JSON is YAML.
    writeFileSync(join(folder, 'prometheus.yml'), JSON.stringify(config));
    const url = `http://127.0.0.1:${await freePort()}`;
    const process = PeerProcess.start('prometheus', join(programs, 'prometheus'), [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=${url.replace('http://', '')}`,
      '--web.enable-lifecycle',
    ]);
    await process.until(async () => (await request(`${url}/-/ready`)).statusCode === 200);
    return new Prometheus(process, url, folder);
  }

  /** @throws Error for an expression that Prometheus refuses */
  async query(expression: string): Promise<readonly PrometheusSeries[]> {
    const { result } = await this.#get<{ result: readonly PrometheusSeries[] }>(
      `query?query=${encodeURIComponent(expression)}`,
    );
    return result;
  }

  async alerts(): Promise<readonly PrometheusRule[]> {
    const { groups } = await this.#get<{ groups: readonly { rules: readonly PrometheusRule[] }[] }>('rules');
    return groups.flatMap(({ rules }) => rules);
  }

  async close(): Promise<void> {
    await this.process.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  async #get<T>(path: string): Promise<T> {
    const { body } = await request(`${this.url}/api/v1/${path}`);
    const answer = (await body.json()) as { data?: T; error?: string };
    if (answer.data === undefined) throw new Error(`prometheus: ${path}: ${answer.error}`);
    return answer.data;
  }
}
