import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { request } from 'undici';
import { Backend } from '../../test/peers/backend.js';
import { adsBootstrap, Envoy } from '../../test/peers/envoy.js';
import { freePort, PeerProcess } from '../../test/peers/process.js';

const root = resolve(import.meta.dirname, '../..');
const templates = join(root, 'envoy/demo');
const SAMPLES = { red: 18081, green: 18082, fox: 18083 };

/** Three sample services, a Signalbox that reads them from a file, and an Envoy. */
export class Demo {
  /** Where the edited copies of the configuration are. */
  readonly folder = mkdtempSync(join(tmpdir(), 'signalbox-demo-'));
  readonly services = join(this.folder, 'services.yaml');
  readonly samples: Backend[] = [];
  readonly #removeFolder = () => rmSync(this.folder, { recursive: true, force: true });
  #ports = { xds: 0, admin: 0, listener: 0 };
  #signalbox: PeerProcess | undefined;
  #envoy: Envoy | undefined;

  constructor() {
    process.once('exit', this.#removeFolder);
  }

  /** The address that Envoy listens at. */
  get url(): string {
    return `http://127.0.0.1:${this.#ports.listener}`;
  }

  get admin(): string {
    return `http://127.0.0.1:${this.#ports.admin}`;
  }

  get envoy(): Envoy {
    if (this.#envoy === undefined) throw new Error('Envoy was not started');
    return this.#envoy;
  }

  async start(interrupted: AbortSignal): Promise<void> {
    await this.#startSamples();
    interrupted.throwIfAborted();
    await this.#startSignalbox();
    interrupted.throwIfAborted();
    const bootstrap = { mode: 'sotw', node: 'demo', xdsPort: this.#ports.xds } as const;
    this.#envoy = await Envoy.start(adsBootstrap({ ...bootstrap, adminPort: await preferred(9901) }));
  }

  description(): string {
    const samples = this.samples.map((sample) => `${sample.name} ${sample.address}`).join(', ');
    return [
      '',
      `  Envoy             ${this.url}   (its admin: ${this.envoy.admin})`,
      `  Signalbox         ${this.admin}   (xDS: 127.0.0.1:${this.#ports.xds})`,
      `  sample services   ${samples}`,
      '',
      'Try',
      `  curl ${this.url}/colours/      red and green in turn`,
      `  curl ${this.url}/animals/      fox`,
      `  curl ${this.admin}/services`,
      `  curl ${this.admin}/proxies`,
      '',
      `Then edit ${this.services} and ask again. Ctrl-C ends the demo.`,
    ].join('\n');
  }

  /** Waits for the interruption; fails when one of the two processes ends by itself. */
  async untilEnd(interrupted: AbortSignal): Promise<void> {
    const asked = new Promise<void>((done) => {
      if (interrupted.aborted) done();
      else interrupted.addEventListener('abort', () => done(), { once: true });
    });
    const ended = [this.#signalbox, this.envoy.process].map(async (child) => {
      await child?.ended;
      // Ctrl-C reaches every process of the terminal, and a child may be first to end.
      await new Promise((next) => setImmediate(next));
      if (!interrupted.aborted) throw new Error(`${child?.name} ended: ${child?.output.slice(-2_000)}`);
    });
    await Promise.race([asked, ...ended]);
  }

  async stop(): Promise<void> {
    await this.#envoy?.stop();
    await this.#signalbox?.stop();
    await Promise.all(this.samples.map((sample) => sample.close()));
    this.#removeFolder();
    process.off('exit', this.#removeFolder);
  }

  async #startSamples(): Promise<void> {
    let services = readFileSync(join(templates, 'services.yaml'), 'utf8');
    for (const [name, port] of Object.entries(SAMPLES)) {
      const sample = await Backend.start(name, { port: await preferred(port) });
      this.samples.push(sample);
      services = services.replace(`port: ${port}`, `port: ${sample.port}`);
    }
    writeFileSync(this.services, services);
  }

  async #startSignalbox(): Promise<void> {
    const [xds, admin, listener] = [await preferred(18000), await preferred(18001), await preferred(10000)];
    this.#ports = { xds, admin, listener };
    const configuration = join(this.folder, 'signalbox.yaml');
    copyFileSync(join(templates, 'signalbox.yaml'), configuration);
    const ports = {
      DEMO_XDS_PORT: String(xds),
      DEMO_ADMIN_PORT: String(admin),
      DEMO_LISTENER_PORT: String(listener),
    };
    const program = [join(root, 'dist/cli/main.js'), 'serve', '-c', configuration];
    const env = { ...process.env, ...ports };
    this.#signalbox = PeerProcess.start('signalbox', process.execPath, program, { env });
    await this.#signalbox.until(async () => {
      const { statusCode, body } = await request(`${this.admin}/readyz`);
      await body.dump();
      return statusCode === 200;
    });
  }
}

/** The port that the documentation names, or a free one where another process has it. */
async function preferred(port: number): Promise<number> {
  const free = await new Promise<boolean>((done) => {
    const server = createServer();
    server.once('error', () => done(false));
    server.listen(port, '127.0.0.1', () => server.close(() => done(true)));
  });
  return free ? port : await freePort();
}
