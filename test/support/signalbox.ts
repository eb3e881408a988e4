import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { request } from 'undici';
import { stringify } from 'yaml';
import { PeerProcess } from '../peers/process.js';

const PROGRAM = resolve(import.meta.dirname, '../../dist/cli/main.js');

/** Milliseconds until it serves: a machine that is very busy takes long to start a program. */
const PATIENCE = 55_000;

export interface StartOptions {
  readonly waitFor?: 'ready' | 'serving';
  readonly args?: readonly string[];
  /** The `dist/cli/main.js` of another build. */
  readonly program?: string;
  /** Puts files into the folder of the configuration. */
  readonly before?: (folder: string) => void;
  /** In addition to the environment of the tests. */
  readonly env?: Readonly<Record<string, string>>;
}

/** The built Signalbox as operators run it: a process of its own with a configuration file. */
export class Signalbox {
  #process: PeerProcess | undefined;

  private constructor(
    readonly folder: string,
    private readonly args: readonly string[],
    private readonly program: string,
    private readonly env: Readonly<Record<string, string>>,
  ) {}

  /** @param config what stands in the file; listen addresses on free ports are added */
  static async start(
    config: Readonly<Record<string, unknown>>,
    options: StartOptions = {},
  ): Promise<Signalbox> {
    const folder = mkdtempSync(join(tmpdir(), 'signalbox-'));
    const { args = [], program = PROGRAM, env = {} } = options;
    const signalbox = new Signalbox(folder, args, program, env);
    const listen = { listen: '127.0.0.1:0' };
    signalbox.configure({ xds: listen, admin: listen, ...config });
    options.before?.(folder);
    await signalbox.run(options.waitFor);
    return signalbox;
  }

  get file(): string {
    return join(this.folder, 'signalbox.yaml');
  }

  get process(): PeerProcess {
    if (this.#process === undefined) throw new Error('this Signalbox was never started');
    return this.#process;
  }

  /** Where it serves xDS: a port. */
  get xdsPort(): number {
    return Number(this.#logged('xds').split(':').at(-1));
  }

  /** `http://127.0.0.1:PORT` */
  get admin(): string {
    return `http://${this.#logged('admin')}`;
  }

  configure(config: Readonly<Record<string, unknown>>): void {
    writeFileSync(this.file, stringify(config));
  }

  /** Starts the process, also again after a stop. */
  async run(waitFor: 'ready' | 'serving' = 'ready'): Promise<void> {
    const args = ['--max-semi-space-size=2', this.program, 'serve', '-c', this.file, ...this.args];
    this.#process = PeerProcess.start('signalbox', process.execPath, args, {
      env: { ...process.env, ...this.env },
    });
    await this.#process.until(() => this.process.output.includes('"msg":"serving"'), PATIENCE);
    if (waitFor === 'ready')
      await this.#process.until(async () => (await this.status('/readyz')) === 200, PATIENCE);
  }

  async status(path: string): Promise<number> {
    const { statusCode, body } = await request(`${this.admin}${path}`);
    await body.dump();
    return statusCode;
  }

  /** The JSON of a page of the admin API. */
  async get<T = Record<string, unknown>>(path: string): Promise<T> {
    const { body } = await request(`${this.admin}${path}`);
    return (await body.json()) as T;
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    await this.#process?.stop(signal);
  }

  async close(): Promise<void> {
    await this.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  #logged(key: 'xds' | 'admin'): string {
    const line = this.process.output.split('\n').findLast((text) => text.includes('"msg":"serving"'));
    if (line === undefined) throw new Error(`signalbox is not serving: ${this.process.output.slice(-2_000)}`);
    return String((JSON.parse(line) as Record<string, unknown>)[key]);
  }
}
