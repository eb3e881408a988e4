import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { command, installed, onPath } from './cache.js';
import type { Certificates } from './certificates.js';
import { unpackDebianPackages } from './debian.js';
import { EtcdClient } from './etcd-client.js';
import { MemberNetwork, NETWORK } from './member-network.js';
import { freePort, PeerProcess } from './process.js';

/** The path of etcd: `SIGNALBOX_ETCD`, else the one on PATH, else 3.5.16 out of Debian's archive. */
export async function installEtcd(): Promise<string> {
  const given = process.env.SIGNALBOX_ETCD ?? onPath('etcd');
  if (given !== undefined) return given;
  const folder = await installed('etcd-3.5.16', async (empty) => {
    await unpackDebianPackages(empty, 'trixie', ['etcd-server']);
    await command(join(empty, 'usr/bin/etcd'), ['--version']);
  });
  return join(folder, 'usr/bin/etcd');
}

export interface EtcdOptions {
  /** More flags, such as `--auth-token-ttl=2`. */
  readonly args?: readonly string[];
  /** TLS, with client certificates asked for. */
  readonly certificates?: Certificates;
  /** Members reach one another through a network in which they can be cut off. */
  readonly partitions?: boolean;
}

interface Ports {
  readonly client: number;
  readonly peer: number;
}

/** One member. It keeps its ports and its data over `stop` and `start`. */
export class Etcd {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  readonly client: EtcdClient;
  #process: PeerProcess | undefined;

  private constructor(
    readonly name: string,
    private readonly program: string,
    private readonly ports: Ports,
    private readonly initialCluster: string,
    private readonly options: EtcdOptions,
    private readonly data: string,
    private readonly network: { readonly members: MemberNetwork; readonly place: number } | undefined,
  ) {
    const { certificates } = options;
    this.url = `${certificates === undefined ? 'http' : 'https'}://127.0.0.1:${ports.client}`;
    this.client = new EtcdClient(
      this.url,
      certificates && {
        ca: readFileSync(certificates.ca, 'utf8'),
        cert: readFileSync(certificates.client.cert, 'utf8'),
        key: readFileSync(certificates.client.key, 'utf8'),
      },
    );
  }

  /** A new etcd of one member that takes writes. */
  static async start(options: EtcdOptions = {}): Promise<Etcd> {
    const [member] = await Etcd.startCluster(1, options);
    if (member === undefined) throw new Error('an etcd of no members');
    return member;
  }

  /** A new etcd of several members, all taking writes. */
  static async startCluster(size: number, options: EtcdOptions = {}): Promise<readonly Etcd[]> {
    const program = await installEtcd();
    for (let attempt = 1; ; attempt += 1) {
      const ports: Ports[] = [];
      for (let n = 0; n < size; n += 1) ports.push({ client: await freePort(), peer: await freePort() });
      const network =
        options.partitions === true ? await MemberNetwork.start(ports.map(({ peer }) => [peer])) : undefined;
      const host = network === undefined ? '127.0.0.1' : NETWORK;
      const cluster = ports.map(({ peer }, n) => `m${n}=http://${host}:${peer}`).join(',');
      const members = ports.map((own, place) => {
        const data = mkdtempSync(join(tmpdir(), 'signalbox-etcd-'));
        const way = network && { members: network, place };
        return new Etcd(`m${place}`, program, own, cluster, options, data, way);
      });
      try {
        await Promise.all(members.map(async (member) => await member.start()));
        return members;
      } catch (thrown) {
        await Promise.all(members.map(async (member) => await member.close()));
        // A port may have been taken by another process meanwhile.
        if (attempt === 3 || !String(thrown).includes('address already in use')) throw thrown;
      }
    }
  }

  get port(): number {
    return this.ports.client;
  }

  /** The running process, to freeze it or to read what it printed. */
  get process(): PeerProcess {
    if (this.#process === undefined) throw new Error('this etcd was never started');
    return this.#process;
  }

  /** Starts it again after `stop`, and waits until it answers linearizable reads. */
  async start(): Promise<void> {
    this.#process = PeerProcess.start(this.name, this.program, this.#args());
    await this.#process.until(async () => {
      // Says nothing of users, so that it is an answer under auth too.
      const { leader } = await this.client.status();
      return leader !== undefined && leader !== '0';
    });
  }

  async stop(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    await this.#process?.stop(signal);
  }

  /** Stops it and throws its data away; the next `start` begins at revision 1. */
  async wipe(): Promise<void> {
    await this.stop();
    rmSync(this.data, { recursive: true, force: true });
  }

  /** Cuts it off from the other members, where there are `partitions`. */
  isolate(): void {
    this.network?.members.isolate(this.network.place, this.process.pid);
  }

  /** Ends what `isolate` began at any member. */
  reunite(): void {
    this.network?.members.reunite();
  }

  /** Whether it leads its cluster, as it sees it. */
  async leads(): Promise<boolean> {
    const { leader, header } = await this.client.status();
    return leader === header.member_id;
  }

  /** Stops it for good, with its data and its connections. */
  async close(): Promise<void> {
    await this.wipe();
    await this.client.close();
    await this.network?.members.close();
  }

  #args(): readonly string[] {
    const peer = `http://127.0.0.1:${this.ports.peer}`;
    const { args = [], certificates } = this.options;
    const advertised = this.network === undefined ? peer : `http://${NETWORK}:${this.ports.peer}`;
    return [
      ...['--name', this.name, '--data-dir', this.data],
      ...['--listen-client-urls', this.url, '--advertise-client-urls', this.url],
      ...['--listen-peer-urls', peer, '--initial-advertise-peer-urls', advertised],
      ...['--initial-cluster', this.initialCluster],
      ...['--heartbeat-interval', '50', '--election-timeout', '500', '--unsafe-no-fsync'],
      ...(certificates === undefined
        ? []
        : [
            ...['--cert-file', certificates.server.cert, '--key-file', certificates.server.key],
            ...['--trusted-ca-file', certificates.ca, '--client-cert-auth'],
          ]),
      ...args,
    ];
  }
}
