import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MemberNetwork, NETWORK } from './member-network.js';
import { freePort, PeerProcess } from './process.js';
import { type TestClientOptions, ZooKeeperTestClient } from './zookeeper-client.js';
import { installZooKeeper } from './zookeeper-install.js';

/** Milliseconds; sessions last between two and twenty of it. */
const TICK = 500;
const JVM = ['-Xmx192m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];

/** A ZooKeeper server, alone or one of an ensemble. It keeps its port and its data over `stop` and `start`. */
export class ZooKeeperServer {
  /** `127.0.0.1:PORT` */
  readonly host: string;
  #process: PeerProcess | undefined;

  /** @param ensemble the lines `server.N=…` of all its members; empty for a server alone */
  constructor(
    private readonly classPath: string,
    readonly port: number,
    private readonly id: number,
    private readonly ensemble: readonly string[],
    private readonly data = mkdtempSync(join(tmpdir(), 'signalbox-zookeeper-')),
  ) {
    this.host = `127.0.0.1:${port}`;
  }

  /** A new server of its own that takes sessions. */
  static async start(): Promise<ZooKeeperServer> {
    const classPath = await installZooKeeper();
    for (let attempt = 1; ; attempt += 1) {
      const server = new ZooKeeperServer(classPath, await freePort(), 1, []);
      try {
        await server.start();
        return server;
      } catch (thrown) {
        await server.close();
        // A port may have been taken by another process meanwhile; ZooKeeper ends without saying so.
        if (attempt === 3 || !String(thrown).includes('ended before')) throw thrown;
      }
    }
  }

  /** The running process, to freeze it. */
  get process(): PeerProcess {
    if (this.#process === undefined) throw new Error('this ZooKeeper was never started');
    return this.#process;
  }

  /** Starts it again after `stop`, on the same port, and waits until it takes sessions. */
  async start(): Promise<void> {
    this.spawn();
    await this.ready();
  }

  /** Starts it without waiting: a member of an ensemble is ready with the others only. */
  spawn(): void {
    const data = join(this.data, 'data');
    mkdirSync(data, { recursive: true });
    writeFileSync(join(data, 'myid'), String(this.id));
    const file = join(this.data, 'zoo.cfg');
    const lines = [
      `dataDir=${data}`,
      `clientPort=${this.port}`,
      'clientPortAddress=127.0.0.1',
      `tickTime=${TICK}`,
      ...['initLimit=20', 'syncLimit=4', 'maxClientCnxns=0', 'admin.enableServer=false'],
      ...['4lw.commands.whitelist=srvr,mntr,cons,wchs', 'electionPortBindRetry=0'],
      ...this.ensemble,
    ];
    writeFileSync(file, `${lines.join('\n')}\n`);
    this.#process = PeerProcess.start('zookeeper', 'java', [
      ...JVM,
      '-Dzookeeper.forceSync=no',
      ...['-cp', this.classPath, 'org.apache.zookeeper.server.quorum.QuorumPeerMain', file],
    ]);
  }

  async ready(): Promise<void> {
    // The port is open, and `ruok` answered, before there is anyone to serve.
    await this.process.until(async () => (await this.command('srvr')).includes('Mode:'));
  }

  async stop(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    await this.#process?.stop(signal);
  }

  /** Throws away everything that a stopped server has stored. */
  wipe(): void {
    rmSync(join(this.data, 'data'), { recursive: true, force: true });
  }

  /** Stops it for good, with its data. */
  async close(): Promise<void> {
    await this.stop();
    rmSync(this.data, { recursive: true, force: true });
  }

  async client(options: TestClientOptions = {}): Promise<ZooKeeperTestClient> {
    return await ZooKeeperTestClient.connect(this.host, options);
  }

  /** What the server says to a four-letter word. */
  async command(word: string): Promise<string> {
    return await new Promise((done, fail) => {
      let answer = '';
      const socket = connect(this.port, '127.0.0.1', () => socket.write(word));
      socket.setTimeout(2_000, () => socket.destroy(new Error(`no answer to ${word}`)));
      socket.on('data', (chunk) => (answer += chunk));
      socket.on('error', fail);
      socket.on('close', () => done(answer));
    });
  }

  /** Packets that clients have sent so far, pings and this question included. */
  async received(): Promise<number> {
    return Number(/Received: (\d+)/.exec(await this.command('srvr'))?.[1]);
  }
}

/** Three servers that agree. */
export class ZooKeeperEnsemble {
  private constructor(
    readonly servers: readonly ZooKeeperServer[],
    private readonly network: MemberNetwork | undefined,
  ) {}

  /** @param partitions the servers reach one another through a network in which they can be cut off */
  static async start(partitions = false): Promise<ZooKeeperEnsemble> {
    const classPath = await installZooKeeper();
    const ports: { readonly client: number; readonly others: readonly number[] }[] = [];
    for (const _ of [1, 2, 3])
      ports.push({ client: await freePort(), others: [await freePort(), await freePort()] });
    const network = partitions ? await MemberNetwork.start(ports.map(({ others }) => others)) : undefined;
    // Each listens where it says that it is itself.
    const hostOf = (server: number, by: number) => (network && server !== by ? NETWORK : '127.0.0.1');
    const linesOf = (by: number) =>
      ports.map(({ others }, place) => `server.${place + 1}=${hostOf(place, by)}:${others.join(':')}`);
    const ensemble = new ZooKeeperEnsemble(
      ports.map(({ client }, place) => new ZooKeeperServer(classPath, client, place + 1, linesOf(place))),
      network,
    );
    try {
      for (const server of ensemble.servers) server.spawn();
      await Promise.all(ensemble.servers.map((server) => server.ready()));
      return ensemble;
    } catch (thrown) {
      await ensemble.close();
      throw thrown;
    }
  }

  get hosts(): readonly string[] {
    return this.servers.map(({ host }) => host);
  }

  /** Cuts a server off from the others, where there are partitions. */
  isolate(server: ZooKeeperServer): void {
    this.network?.isolate(this.servers.indexOf(server), server.process.pid);
  }

  reunite(): void {
    this.network?.reunite();
  }

  async close(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.close()));
    await this.network?.close();
  }
}
