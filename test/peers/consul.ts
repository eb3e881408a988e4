import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { command, installed, present } from './cache.js';
import { ConsulKv } from './consul-kv.js';
import { unpackDebianPackages } from './debian.js';
import { MemberNetwork, NETWORK } from './member-network.js';
import { freePort, PeerProcess } from './process.js';

/** The path of Consul: `SIGNALBOX_CONSUL`, else the one on PATH, else 1.8.7 out of Debian's archive. */
export async function installConsul(): Promise<string> {
  const given = present('SIGNALBOX_CONSUL', 'consul');
  if (given !== undefined) return given;
  const folder = await installed('consul-1.8.7', async (empty) => {
    await unpackDebianPackages(empty, 'bullseye', ['consul']);
    await command(join(empty, 'usr/bin/consul'), ['version']);
  });
  return join(folder, 'usr/bin/consul');
}

export interface ConsulOptions {
  /** `dev` keeps its data in memory; `server` on disk, over stops and starts. */
  readonly mode?: 'dev' | 'server';
  /** Turns ACLs on, default deny, with this as the token that may do everything. */
  readonly token?: string;
  /** More configuration, each a text of HCL. */
  readonly hcl?: readonly string[];
  /** Several servers speak with one another, but for their gossip, through a network in which they can be cut off. */
  readonly partitions?: boolean;
}

interface Ports {
  readonly http: number;
  readonly serf: number;
  readonly server: number;
}

/** A Consul of one server, or one server of several. It keeps its ports over `stop` and `start`. */
export class Consul {
  readonly kv: ConsulKv;
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  #process: PeerProcess | undefined;

  private constructor(
    readonly options: ConsulOptions,
    private readonly program: string,
    private readonly version: number,
    private readonly ports: Ports,
    private readonly data: string,
    /** Where the servers of its cluster gossip, itself included. */
    private readonly cluster: readonly number[],
    private readonly network: MemberNetwork | undefined,
  ) {
    this.url = `http://127.0.0.1:${ports.http}`;
    this.kv = new ConsulKv(this.url, options.token);
  }

  /** A new Consul that takes writes. */
  static async start(options: ConsulOptions = {}): Promise<Consul> {
    const [consul] = await Consul.startCluster(1, options);
    if (consul === undefined) throw new Error('a Consul of no servers');
    return consul;
  }

  /** A new Consul of several servers, which keep their data on disk; all take writes. */
  static async startCluster(size: number, options: ConsulOptions = {}): Promise<readonly Consul[]> {
    const program = await installConsul();
    const version = /v(\d+)\.(\d+)/.exec(await command(program, ['version']));
    for (let attempt = 1; ; attempt += 1) {
      const ports: Ports[] = [];
      for (let n = 0; n < size; n += 1)
        ports.push({ http: await freePort(), serf: await freePort(), server: await freePort() });
      const cluster = ports.map(({ serf }) => serf);
      const network =
        options.partitions === true
          ? await MemberNetwork.start(ports.map(({ server }) => [server]))
          : undefined;
      const number = Number(version?.[1]) * 100 + Number(version?.[2]);
      const servers = ports.map((own) => {
        const data = mkdtempSync(join(tmpdir(), 'signalbox-consul-'));
        return new Consul(options, program, number, own, data, cluster, network);
      });
      try {
        await Promise.all(servers.map(async (server) => await server.start()));
        return servers;
      } catch (thrown) {
        await Promise.all(servers.map(async (server) => await server.close()));
        // A port may have been taken by another process meanwhile.
        if (attempt === 3 || !String(thrown).includes('address already in use')) throw thrown;
      }
    }
  }

  /** The running process, to freeze it or to read what it printed. */
  get process(): PeerProcess {
    if (this.#process === undefined) throw new Error('this Consul was never started');
    return this.#process;
  }

  /** Starts it again after `stop`, on the same ports, and waits until it takes writes. */
  async start(): Promise<void> {
    this.#process = PeerProcess.start('consul', this.program, this.#args());
    await this.#process.until(async () => {
      await this.kv.put('.ready', '');
      await this.kv.delete('.ready');
      return true;
    });
  }

  /** Where clients reach it. */
  get port(): number {
    return this.ports.http;
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    await this.#process?.stop(signal);
  }

  /** Cuts it off from the other servers, where there are `partitions`. */
  isolate(): void {
    this.network?.isolate(this.cluster.indexOf(this.ports.serf), this.process.pid);
  }

  /** Ends what `isolate` began at any server. */
  reunite(): void {
    this.network?.reunite();
  }

  /** Throws away everything that a stopped server has stored. */
  wipe(): void {
    for (const entry of readdirSync(this.data)) rmSync(join(this.data, entry), { recursive: true });
  }

  /** Stops it for good, with its data and its connections. */
  async close(): Promise<void> {
    await this.stop('SIGKILL');
    await this.kv.close();
    await this.network?.close();
    rmSync(this.data, { recursive: true, force: true });
  }

  #args(): readonly string[] {
    const { mode = 'dev', token, hcl = [] } = this.options;
    const root = this.version >= 111 ? 'initial_management' : 'master';
    const size = this.cluster.length;
    const server = ['-server', `-bootstrap-expect=${size}`, `-data-dir=${this.data}`];
    const near = this.network === undefined ? '127.0.0.1' : NETWORK;
    const others = this.cluster.filter((serf) => serf !== this.ports.serf);
    const acl = `acl { enabled = true default_policy = "deny" tokens { ${root} = ${JSON.stringify(token)} } }`;
    const configuration = [
      'performance { raft_multiplier = 1 }',
      'disable_update_check = true',
      'limits { http_max_conns_per_client = 10000 }',
      ...(token === undefined ? [] : [acl]),
      ...hcl,
    ];
    return [
      'agent',
      ...(mode === 'dev' && size === 1 ? ['-dev'] : server),
      ...(size === 1 ? [] : [`-node=${this.ports.serf}`]),
      ...others.map((serf) => `-retry-join=${near}:${serf}`),
      ...(this.network === undefined ? [] : [`-advertise=${near}`, `-serf-lan-bind=${near}`]),
      ...['-bind=127.0.0.1', '-client=127.0.0.1', '-disable-host-node-id'],
      ...[`-http-port=${this.ports.http}`, `-serf-lan-port=${this.ports.serf}`, '-serf-wan-port=-1'],
      ...[`-server-port=${this.ports.server}`, '-dns-port=-1', '-grpc-port=-1'],
      ...(this.version >= 114 ? ['-grpc-tls-port=-1'] : []),
      ...configuration.map((text) => `-hcl=${text}`),
    ];
  }
}
