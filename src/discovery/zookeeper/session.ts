import zookeeper, { type Client, type Exception, type Stat } from 'node-zookeeper-client';
import type { Secret } from '../../config/secret.js';
import { type ErrorCode, messageOf, SignalboxError } from '../../errors.js';
import type { Address } from '../../model/address.js';
import { addressOf } from '../../model/instance.js';
import { pause } from '../pause.js';
import { type Packet, PacketReader } from './packet-reader.js';
import type { Found, ZooKeeper } from './zookeeper.js';

/** Milliseconds between two looks at the server. */
const PROBE_EVERY = 2_000;

export interface SessionOptions {
  readonly chroot: string;
  /** Milliseconds; the server has the last word. */
  readonly sessionTimeout: number;
  /** Milliseconds in which a server must take the session, and in which it must answer a probe. */
  readonly timeout: number;
  /** The largest answer, bytes. */
  readonly maxAnswer: number;
  readonly credentials?: { readonly username: string; readonly password: Secret };
}

/** Error codes of ZooKeeper's that end a session, or that only its client has. */
const { CONNECTION_LOSS, OPERATION_TIMEOUT, SESSION_EXPIRED, AUTH_FAILED } = zookeeper.Exception;
const SESSION_CODES = new Set([CONNECTION_LOSS, OPERATION_TIMEOUT, SESSION_EXPIRED, AUTH_FAILED, -118]);
/** Those that the client knows. */
const CODES: ReadonlySet<unknown> = new Set(Object.values(zookeeper.Exception));
/** Where a reply's header has the error code. */
const CODE_AT = 16;

/**
 * One session over one connection to one server. It ends with its connection: the client could go on with it over
 * another one, but restores its watches in a single packet, which servers refuse above 1 MB, insists on servers that
 * are not behind what it has seen, which one that lost its data is for ever, and cannot be stopped while it retries.
 *
 * Once a session is lost, what was asked of it is not answered any more.
 */
export class ZooKeeperSession implements ZooKeeper {
  readonly #client: Client;
  readonly #name: string;
  readonly #lost = new AbortController();
  #error: unknown;
  #connected = false;
  #password: string | undefined;
  /** What is wrong with the reply that the client is taking, where it would not tell. */
  #oddity: string | undefined;
  /** The first packet takes the session; the others have a header. */
  #first = true;

  private constructor(
    server: Address,
    private readonly options: SessionOptions,
  ) {
    this.#name = addressOf(server);
    this.#client = zookeeper.createClient(`${this.#name}${options.chroot}`, {
      sessionTimeout: options.sessionTimeout,
    });
    this.authenticate();
    const connection = this.#client.connectionManager;
    // The client's own reading of addresses takes no IPv6.
    connection.servers = [server];
    const onData = connection.onSocketData;
    const packets = new PacketReader(options.maxAnswer, (packet) => {
      if (this.lost) return;
      if (this.#first && packet.tooLarge !== undefined)
        throw new SignalboxError('registry_bad_answer', 'this is no ZooKeeper server');
      const [asked] = connection.pendingQueue;
      try {
        onData.call(connection, this.#known(packet));
      } catch (thrown) {
        // The client has lost a request whose reply it could not read. Any other packet is not to be trusted.
        if (asked === undefined || asked === connection.pendingQueue[0]) throw thrown;
        this.#oddity = messageOf(thrown);
        asked.callback(zookeeper.Exception.create(zookeeper.Exception.SYSTEM_ERROR));
      }
      this.#oddity = undefined;
      this.#first = false;
    });
    connection.onSocketData = (chunk) => {
      if (this.lost) return;
      try {
        packets.push(chunk);
      } catch (thrown) {
        // The client throws out of the socket's event where the server speaks another protocol.
        this.#lose(this.#problem('registry_bad_answer', messageOf(thrown)));
      }
    };
    connection.onSocketError = (error) =>
      this.#lose(this.#problem('registry_unreachable', messageOf(error), error));
    connection.onSocketClosed = () =>
      this.#lose(this.#problem('registry_unreachable', 'the server closed the connection'));
    this.#client.once('authenticationFailed', () =>
      this.#lose(this.#problem('registry_refused', 'the server takes no digest authentication')),
    );
  }

  /** A session that the server has taken. */
  static async open(
    server: Address,
    options: SessionOptions,
    signal: AbortSignal,
  ): Promise<ZooKeeperSession> {
    const session = new ZooKeeperSession(server, options);
    const timer = setTimeout(() => session.#lose(session.#late('did not take the session')), options.timeout);
    const close = () => session.close();
    signal.addEventListener('abort', close);
    session.#lost.signal.addEventListener('abort', () => signal.removeEventListener('abort', close));
    await new Promise<void>((done) => {
      session.#client.once('connected', done);
      session.#lost.signal.addEventListener('abort', () => done());
      session.#client.connect();
    });
    clearTimeout(timer);
    session.#connected = session.#error === undefined;
    if (!session.#connected) throw session.#error;
    return session;
  }

  /** Nothing is answered any more. */
  get lost(): boolean {
    return this.#lost.signal.aborted;
  }

  /** Probes the server, which may hang with the connection open, until the session is lost; then throws why. */
  async watchOver(alive: () => void): Promise<never> {
    for (;;) {
      await pause(PROBE_EVERY, this.#lost.signal);
      await this.#probe();
      if (this.lost) throw this.#error;
      alive();
    }
  }

  /** Says who we are, if that was not said in the same words before. */
  authenticate(): void {
    const { credentials } = this.options;
    const password = credentials?.password.current();
    if (credentials === undefined || password === this.#password) return;
    this.#password = password;
    this.#client.addAuthInfo('digest', Buffer.from(`${credentials.username}:${password}`));
  }

  async data(path: string, changed: () => void): Promise<Found<string>> {
    return await this.#ask(path, (callback) =>
      this.#client.getData(path, changed, (error, data, stat) =>
        callback(error, data?.toString('utf8') ?? '', stat?.mzxid),
      ),
    );
  }

  async children(path: string, changed: () => void): Promise<Found<readonly string[]>> {
    return await this.#ask(path, (callback) =>
      this.#client.getChildren(path, changed, (error, children, stat) =>
        callback(error, children, stat?.pzxid),
      ),
    );
  }

  async childrenOnceThere(path: string, changed: () => void): Promise<Found<readonly string[]>> {
    for (;;) {
      const found = await this.children(path, changed);
      if (found.kind !== 'absent') return found;
      const created = await this.#ask<Stat | null>(path, (callback) =>
        this.#client.exists(path, changed, (error, stat) => callback(error, stat)),
      );
      // Created in between, it has no watch on its children yet.
      if (created.kind !== 'found' || created.value === null) return found;
    }
  }

  /** Ends the session for a reason that is not the server's; `watchOver` throws it. */
  fail(thrown: unknown): void {
    this.#lose(thrown);
  }

  close(): void {
    this.#lose(this.#problem('registry_unreachable', 'the session was closed'));
  }

  async #probe(): Promise<void> {
    const timer = setTimeout(() => this.#lose(this.#late('did not answer')), this.options.timeout);
    const lost = this.#lost.signal;
    await new Promise<void>((done) => {
      const answered = () => {
        lost.removeEventListener('abort', answered);
        done();
      };
      if (lost.aborted) return done();
      lost.addEventListener('abort', answered);
      this.#client.exists('/', undefined, answered);
    });
    clearTimeout(timer);
  }

  /** A packet as the client can take it: it throws where it does not know an error code. */
  #known({ bytes, tooLarge }: Packet): Buffer {
    if (this.#first || bytes.length < CODE_AT + 4) return bytes;
    const code = bytes.readInt32BE(CODE_AT);
    if (tooLarge !== undefined)
      this.#oddity = `the answer has ${tooLarge} bytes, and max_answer is ${this.options.maxAnswer}`;
    else if (code !== 0 && !CODES.has(code)) this.#oddity = `error code ${code}`;
    if (this.#oddity !== undefined) bytes.writeInt32BE(zookeeper.Exception.SYSTEM_ERROR, CODE_AT);
    return bytes;
  }

  async #ask<T>(
    path: string,
    request: (callback: (error: Exception | null, value: T, zxid?: Buffer) => void) => void,
  ): Promise<Found<T>> {
    const failed = (code: ErrorCode, detail: string): Found<T> => ({
      kind: 'failed',
      error: new SignalboxError(code, `${path}: ${detail}`),
    });
    return await new Promise((answer) => {
      try {
        request((error, value, zxid) => {
          if (!error) return answer({ kind: 'found', value, zxid: zxid?.readBigUInt64BE() ?? 0n });
          const code = error.getCode();
          if (code === zookeeper.Exception.NO_NODE) return answer({ kind: 'absent' });
          if (code === zookeeper.Exception.NO_AUTH)
            return answer(failed('registry_refused', 'these credentials may not read it'));
          if (SESSION_CODES.has(code))
            return this.#lose(this.#problem('registry_bad_answer', `${path}: ${error.message}`));
          return answer(failed('registry_bad_answer', this.#oddity ?? error.message));
        });
      } catch (thrown) {
        // The client takes no path that it thinks is none.
        answer(failed('registry_bad_answer', messageOf(thrown)));
      }
    });
  }

  #lose(error: unknown): void {
    if (this.lost) return;
    this.#error = error;
    const { socket, connectTimeoutHandler } = this.#client.connectionManager;
    if (connectTimeoutHandler !== null) clearTimeout(connectTimeoutHandler);
    // So that the server can let go of the session at once, where there is still someone to tell.
    if (this.#connected && socket?.writable) {
      this.#client.close();
      socket.destroySoon();
    } else {
      socket?.destroy();
    }
    this.#lost.abort();
  }

  #late(what: string): SignalboxError {
    return this.#problem('registry_timeout', `the server ${what} within ${this.options.timeout} ms`);
  }

  #problem(code: ErrorCode, detail: string, cause?: unknown): SignalboxError {
    return new SignalboxError(code, `zookeeper://${this.#name}: ${detail}`, { cause });
  }
}
