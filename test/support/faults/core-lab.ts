import { randomBytes } from 'node:crypto';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Backend } from '../../peers/backend.js';
import { adsBootstrap, Envoy } from '../../peers/envoy.js';
import { freePort } from '../../peers/process.js';
import { TcpProxy } from '../../peers/tcp-proxy.js';
import { Signalbox } from '../signalbox.js';
import { Traffic } from '../traffic.js';
import { answeredBy } from './answered-by.js';
import type { Probe, Subject } from './fault.js';
import { networkFaults, reconnected } from './network.js';

const SERVICE = 'core';
const PATH = `/${SERVICE}/`;
/** So that requests which wait for a retry do not hold the others up. */
const CONNECTIONS = 256;
const ON_THE_WIRE = 'what it says goes over the network: see the row of that';
const ONE_ENVOY = 'there is one Envoy, and while it does not run nothing takes requests';

/**
 * Signalbox over a file, an Envoy, and two instances, with a network that can be broken between Signalbox and Envoy and
 * between Envoy and one of the instances.
 */
export class CoreLab {
  #second = false;
  #envoy: Envoy | undefined;

  private constructor(
    private readonly folder: string,
    private readonly signalbox: Signalbox,
    private readonly bootstrap: string,
    private readonly backends: readonly Backend[],
    private readonly toEnvoy: TcpProxy,
    private readonly toInstance: TcpProxy,
    readonly traffic: Traffic,
  ) {}

  static async start(): Promise<CoreLab> {
    const backends = await Promise.all(['steady', 'first', 'second'].map((name) => Backend.start(name)));
    const toInstance = await TcpProxy.start(backends[0]?.port ?? 0);
    const folder = mkdtempSync(join(tmpdir(), 'signalbox-core-'));
    const port = await freePort();
    const retries = {
      attempts: 5,
      on: ['5xx', 'reset', 'connect-failure'],
      // More than a busy machine takes for an answer.
      per_try_timeout: '2s',
      previous_hosts: true,
    };
    writeServices(folder, [toInstance.port, backends[1]?.port ?? 0]);
    const signalbox = await Signalbox.start({
      xds: { listen: `127.0.0.1:${await freePort()}` },
      admin: { listen: `127.0.0.1:${await freePort()}` },
      discovery: { file: { path: join(folder, 'services.json'), dump: { path: join(folder, 'dump') } } },
      listeners: [{ name: 'http', address: `127.0.0.1:${port}` }],
      // Three retries at once, Envoy's default, are too few where every other request needs one.
      services: { [SERVICE]: { circuit_breakers: { max_retries: 1_000 }, connect_timeout: '20s' } },
      routes: [{ match: { prefix: PATH }, service_name: SERVICE, retries, timeout: '60s' }],
    });
    const toEnvoy = await TcpProxy.start(signalbox.xdsPort);
    const bootstrap = adsBootstrap({ mode: 'delta', xdsPort: toEnvoy.port });
    const lab = new CoreLab(
      folder,
      signalbox,
      bootstrap,
      backends,
      toEnvoy,
      toInstance,
      new Traffic(port, CONNECTIONS),
    );
    await lab.#startEnvoy();
    return lab;
  }

  get path(): string {
    return PATH;
  }

  get subjects(): readonly Subject[] {
    const own = { path: PATH, change: () => this.#change() };
    return [
      { ...own, name: 'Signalbox', faults: this.#signalboxFaults() },
      {
        ...own,
        name: 'Envoy',
        faults: this.#envoyFaults(),
        mayFail: { killed: ONE_ENVOY, restarted: ONE_ENVOY, wiped: ONE_ENVOY },
      },
      {
        ...own,
        name: 'network Signalbox–Envoy',
        faults: networkFaults([this.toEnvoy], async () => this.#toggle()),
        // Envoy asks for a sign of life every 30 s: one that is frozen for less is not noticed.
        watch: async (fault) => (fault === 'frozen' ? undefined : reconnected([this.toEnvoy])),
        changesCome: true,
      },
      {
        ...own,
        name: 'network Envoy–instance (one of two, with retries)',
        faults: networkFaults([this.toInstance], async () => void (await this.traffic.count(PATH, 8))),
        watch: async (fault) =>
          fault === 'restarted' || fault === 'cut in mid-message'
            ? reconnected([this.toInstance])
            : await this.#retried(),
      },
    ];
  }

  async close(): Promise<void> {
    await this.traffic.close();
    await this.#envoy?.stop();
    await this.signalbox.close();
    await Promise.all([this.toEnvoy, this.toInstance, ...this.backends].map((one) => one.close()));
    rmSync(this.folder, { recursive: true, force: true });
  }

  #signalboxFaults(): Subject['faults'] {
    const { signalbox } = this;
    const again = async () => await signalbox.run();
    return {
      killed: async () => {
        await signalbox.stop('SIGKILL');
        return again;
      },
      restarted: async () => {
        await signalbox.stop();
        await again();
        return async () => undefined;
      },
      frozen: async () => {
        signalbox.process.freeze();
        return async () => signalbox.process.thaw();
      },
      'slow by 2 s': ON_THE_WIRE,
      'cut in mid-message': ON_THE_WIRE,
      'answering garbage': ON_THE_WIRE,
      wiped: async () => {
        await signalbox.stop('SIGKILL');
        rmSync(join(this.folder, 'dump'), { force: true });
        return again;
      },
    };
  }

  #envoyFaults(): Subject['faults'] {
    const restart = async (signal: NodeJS.Signals) => {
      await this.#envoy?.process.stop(signal);
      await this.#envoy?.stop();
      return async () => await this.#startEnvoy();
    };
    return {
      killed: async () => await restart('SIGKILL'),
      restarted: async () => {
        await (await restart('SIGTERM'))();
        return async () => undefined;
      },
      frozen: async () => {
        const envoy = this.#envoy;
        envoy?.process.freeze();
        return async () => envoy?.process.thaw();
      },
      'slow by 2 s': ON_THE_WIRE,
      'cut in mid-message': ON_THE_WIRE,
      'answering garbage': async () => {
        // From others beside it: what comes on the port is not of its making, and must not be its loss.
        const sockets = Array.from({ length: 20 }, () => {
          const socket = connect(this.signalbox.xdsPort, '127.0.0.1', () => socket.write(randomBytes(1_000)));
          return socket.on('error', () => undefined);
        });
        return async () => {
          for (const socket of sockets) socket.destroy();
        };
      },
      wiped: async () => await restart('SIGKILL'),
    };
  }

  async #startEnvoy(): Promise<void> {
    this.#envoy = await Envoy.start(this.bootstrap);
  }

  /** Whether Envoy has tried more requests again. */
  async #retried(): Promise<Probe> {
    const stat = `cluster.${SERVICE}.upstream_rq_retry`;
    const count = async () => (await this.#envoy?.stats(stat))?.get(stat) ?? 0;
    const before = await count();
    return async () => (await count()) > before;
  }

  #toggle(): void {
    this.#second = !this.#second;
    writeServices(this.folder, [this.toInstance.port, this.backends[this.#second ? 2 : 1]?.port ?? 0]);
  }

  async #change(): Promise<void> {
    this.#toggle();
    await answeredBy(this.traffic, PATH, ['steady', this.#second ? 'second' : 'first']);
  }
}

function writeServices(folder: string, ports: readonly number[]): void {
  const path = join(folder, 'services.json');
  const services = { [SERVICE]: ports.map((port) => ({ host: '127.0.0.1', port })) };
  writeFileSync(`${path}.new`, JSON.stringify({ services }));
  renameSync(`${path}.new`, path);
}
