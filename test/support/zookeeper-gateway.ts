import { connect, createServer } from 'node:net';
import { PacketReader } from '../../src/discovery/zookeeper/packet-reader.js';
import { LocalServer } from './local-server.js';

/** Bytes before the path in a request, and of the header of a reply, with the length of the packet. */
const PATH_AT = 16;
const REPLY = 20;
const CODE_AT = 16;
const NO_LIMIT = 2 ** 31 - 1;

/** Stands before a real ZooKeeper and answers what is asked about some paths with an error code, or with nonsense. */
export class ZooKeeperGateway {
  /** The error codes, by path. */
  readonly codes = new Map<string, number | 'nonsense'>();
  readonly #server: LocalServer;

  /** @param port of the real server, on loopback */
  constructor(port: number) {
    const gateway = createServer((client) => {
      const server = connect(port, '127.0.0.1');
      const paths = new Map<number, string>();
      for (const socket of [client, server]) socket.on('error', () => undefined);
      client.on('close', () => server.destroy());
      server.on('close', () => client.destroy());
      const requests = new PacketReader(NO_LIMIT, ({ bytes }) => {
        if (bytes.length > PATH_AT)
          paths.set(bytes.readInt32BE(4), bytes.toString('utf8', PATH_AT, PATH_AT + bytes.readInt32BE(12)));
        server.write(bytes);
      });
      const replies = new PacketReader(NO_LIMIT, ({ bytes }) => client.write(this.#reply(bytes, paths)));
      client.on('data', (chunk) => requests.push(chunk));
      server.on('data', (chunk) => replies.push(chunk));
    });
    this.#server = new LocalServer(gateway);
  }

  async start(): Promise<this> {
    await this.#server.start();
    return this;
  }

  get host(): string {
    return this.#server.host;
  }

  async stop(): Promise<void> {
    await this.#server.stop();
  }

  #reply(bytes: Buffer, paths: ReadonlyMap<number, string>): Buffer {
    const code = bytes.length < REPLY ? undefined : this.codes.get(paths.get(bytes.readInt32BE(4)) ?? '');
    if (code === undefined) return bytes;
    if (code === 'nonsense')
      return Buffer.concat([bytes.subarray(0, REPLY), Buffer.alloc(bytes.length - REPLY, 120)]);
    const reply = Buffer.from(bytes.subarray(0, REPLY));
    reply.writeInt32BE(REPLY - 4, 0);
    reply.writeInt32BE(code, CODE_AT);
    return reply;
  }
}
