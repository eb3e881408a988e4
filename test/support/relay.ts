import { resolve } from 'node:path';
import { request } from 'undici';
import { PeerProcess } from '../peers/process.js';

const PROGRAM = resolve(import.meta.dirname, '../../dist/cli/main.js');

/** The built relay as operators run it. It keeps its addresses over `stop` and `run`. */
export class RelayProcess {
  #process: PeerProcess | undefined;

  constructor(
    readonly options: {
      readonly upstream: number;
      readonly xds: number;
      readonly admin: number;
      readonly snapshot: string;
      readonly args?: readonly string[];
    },
  ) {}

  get process(): PeerProcess {
    if (this.#process === undefined) throw new Error('this relay was never started');
    return this.#process;
  }

  /** Starts it, also again after a stop. */
  async run(waitFor: 'ready' | 'serving' = 'ready'): Promise<void> {
    const { upstream, xds, admin, snapshot, args = [] } = this.options;
    const local = (port: number) => `127.0.0.1:${port}`;
    this.#process = PeerProcess.start('relay', process.execPath, [
      ...[PROGRAM, 'relay', '--upstream', local(upstream), '--xds', local(xds)],
      ...['--admin', local(admin), '--snapshot', snapshot, ...args],
    ]);
    await this.#process.until(() => this.process.output.includes('"msg":"serving"'));
    if (waitFor === 'ready')
      await this.#process.until(async () => (await this.get('/readyz')).status === 200);
  }

  async get(path: string): Promise<{ readonly status: number; readonly body: Record<string, unknown> }> {
    const { statusCode, body } = await request(`http://127.0.0.1:${this.options.admin}${path}`);
    return { status: statusCode, body: (await body.json()) as Record<string, unknown> };
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    await this.#process?.stop(signal);
  }
}
