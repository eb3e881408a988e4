import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { adsBootstrap, Envoy } from '../peers/envoy.js';
import { eventually } from '../peers/eventually.js';
import { freePort } from '../peers/process.js';
import { Signalbox } from './signalbox.js';
import { Traffic } from './traffic.js';

/** An entry of the services file. */
export interface FileInstance {
  readonly host: string;
  readonly port: number;
  readonly [key: string]: unknown;
}
export type FileServices = Readonly<Record<string, readonly FileInstance[]>>;

export interface FileLabOptions {
  readonly instances: FileServices;
  /** The configuration's `services`. */
  readonly policies?: object;
  /** Beside `/NAME/` for each service that the file has at the start. */
  readonly routes?: readonly object[];
  /** More of the configuration. */
  readonly config?: object;
  /** More files beside the configuration, by name. */
  readonly files?: Readonly<Record<string, object>>;
  /** Of Envoy, by the port of Signalbox; the one of `envoy/` if nothing is said. */
  readonly bootstrap?: (xdsPort: number) => string;
}

/** Signalbox over a services file, and an Envoy that it feeds. */
export class FileLab {
  private constructor(
    readonly signalbox: Signalbox,
    readonly envoy: Envoy,
    readonly traffic: Traffic,
    private readonly file: string,
    private readonly configured: Readonly<Record<string, unknown>>,
    private instances: FileServices,
  ) {}

  static async start(options: FileLabOptions): Promise<FileLab> {
    const { instances, policies = {}, routes = [], config = {}, files = {} } = options;
    const port = await freePort();
    const file = 'services.yaml';
    const configured = {
      xds: { listen: `127.0.0.1:${await freePort()}` },
      admin: { listen: `127.0.0.1:${await freePort()}` },
      discovery: { file: { path: file } },
      listeners: [{ name: 'http', address: `127.0.0.1:${port}` }],
      routes: [
        ...Object.keys(instances).map((name) => ({ match: { prefix: `/${name}/` }, service_name: name })),
        ...routes,
      ],
      services: policies,
      ...config,
    };
    const signalbox = await Signalbox.start(configured, {
      before: (folder) => {
        for (const [name, content] of Object.entries({ ...files, [file]: { services: instances } }))
          writeFileSync(join(folder, name), stringify(content));
      },
    });
    const { bootstrap = (xdsPort) => adsBootstrap({ mode: 'delta', xdsPort }) } = options;
    try {
      const envoy = await Envoy.start(bootstrap(signalbox.xdsPort));
      const path = join(signalbox.folder, file);
      return new FileLab(signalbox, envoy, new Traffic(port), path, configured, instances);
    } catch (thrown) {
      await signalbox.close();
      throw thrown;
    }
  }

  /** Changes services in the file, others stay. */
  set(changed: FileServices): void {
    this.instances = { ...this.instances, ...changed };
    writeFileSync(`${this.file}.new`, stringify({ services: this.instances }));
    renameSync(`${this.file}.new`, this.file);
  }

  /** Edits the configuration. */
  configure(more: object): void {
    this.signalbox.configure({ ...this.configured, ...more });
  }

  /** Which services answer `count` requests: their names, or statuses, in the order of the alphabet. */
  async answers(path: string, count = 40): Promise<readonly string[]> {
    return Object.keys(await this.traffic.count(path, count)).sort();
  }

  /** A counter or gauge of a cluster. */
  async stat(cluster: string, name: string): Promise<number> {
    return (await this.envoy.stats(`cluster.${cluster}.`)).get(`cluster.${cluster}.${name}`) ?? 0;
  }

  /** Waits until a statistic of a cluster has this value. */
  async until(cluster: string, name: string, value: number): Promise<void> {
    await eventually(async () => {
      const now = await this.stat(cluster, name);
      if (now !== value) throw new Error(`cluster.${cluster}.${name} is ${now}, not ${value}`);
    }, 30_000);
  }

  /** The statistics of what Envoy rejected, of which there should be none. */
  async rejected(): Promise<readonly string[]> {
    const stats = [...(await this.envoy.stats())].filter(([name]) => name.endsWith('update_rejected'));
    if (stats.length < 3) throw new Error('Envoy has no such statistics');
    return stats.filter(([, value]) => value !== 0).map(([name]) => name);
  }

  async close(): Promise<void> {
    await this.traffic.close();
    await this.envoy.stop();
    await this.signalbox.close();
  }
}
