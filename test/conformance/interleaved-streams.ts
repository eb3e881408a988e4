import { makeResource, type Resource } from '../../src/snapshot/resource.js';
import { Snapshot } from '../../src/snapshot/snapshot.js';
import { TYPE_URL } from '../../src/snapshot/type-url.js';
import type { RequestReader } from '../../src/xds/request.js';
import {
  NEW_STREAM,
  next,
  receive,
  type Shared,
  type StreamRequest,
  type StreamState,
  waitNoLonger,
} from '../../src/xds/stream-state.js';
import { AskedOfServer } from './asked-of-server.js';
import { FickleType } from './fickle-type.js';
import { encodeRequest, type Received, type Sent } from './wire.js';

const { cluster, endpoints, listener, route } = TYPE_URL;
export const TYPES: readonly string[] = [cluster, endpoints, listener, route];
export const FULL: readonly string[] = [cluster, listener];
/** What is under way comes to an end in far fewer. */
const MOST_ROUNDS = 200;

/** One proxy, the server's state of its stream, and all that is under way between the two. */
class Connection {
  readonly types: readonly FickleType[];
  state: StreamState = NEW_STREAM;
  asked: AskedOfServer;
  connected = false;
  readonly toServer: Sent[] = [];
  readonly toProxy: Received[] = [];

  constructor(variant: 'sotw' | 'delta') {
    this.asked = new AskedOfServer(variant, FULL);
    this.types = TYPES.map((typeUrl) => new FickleType(typeUrl, variant, FULL.includes(typeUrl)));
  }

  type(typeUrl: string): FickleType {
    const type = this.types.find((one) => one.typeUrl === typeUrl);
    if (type === undefined) throw new Error(`no type ${typeUrl}`);
    return type;
  }
}

/** Several streams of one server, which share what it has worked out, each at its own pace. */
export class InterleavedStreams {
  readonly #connections: readonly Connection[];
  #snapshot = Snapshot.EMPTY;

  constructor(
    private readonly variant: 'sotw' | 'delta',
    private readonly shared: Shared,
    private readonly reader: RequestReader,
    count: number,
  ) {
    this.#connections = Array.from({ length: count }, () => new Connection(variant));
  }

  publish(typeUrl: string, contents: ReadonlyMap<string, string | undefined>): void {
    const changes = new Map<string, Resource | undefined>();
    for (const [name, content] of contents) {
      const references = typeUrl === cluster ? [name] : [];
      changes.set(
        name,
        content === undefined ? undefined : makeResource(typeUrl, name, Buffer.from(content), references),
      );
    }
    this.#snapshot = this.#snapshot.with(new Map([[typeUrl, changes]]));
  }

  connect(proxy: number): void {
    const connection = this.#connection(proxy);
    connection.connected = true;
    connection.state = NEW_STREAM;
    connection.asked = new AskedOfServer(this.variant, FULL);
    for (const type of connection.types) connection.toServer.push(type.subscribe([], []));
  }

  disconnect(proxy: number): void {
    const connection = this.#connection(proxy);
    connection.connected = false;
    connection.toServer.length = 0;
    connection.toProxy.length = 0;
    for (const type of connection.types) type.disconnected();
  }

  subscribe(proxy: number, typeUrl: string, added: readonly string[], dropped: readonly string[]): void {
    const connection = this.#connection(proxy);
    connection.toServer.push(connection.type(typeUrl).subscribe(added, dropped));
  }

  answer(proxy: number, typeUrl: string, accept: boolean, firstAlone = false): void {
    const connection = this.#connection(proxy);
    const sent = connection.type(typeUrl).answer(accept, firstAlone);
    if (sent !== undefined) connection.toServer.push(sent);
  }

  /** @returns whether there was something to read */
  serverReads(proxy: number): boolean {
    const connection = this.#connection(proxy);
    const sent = connection.toServer.shift();
    if (sent === undefined) return false;
    connection.asked.read(sent);
    connection.state = receive(connection.state, this.#request(sent), this.#snapshot, this.shared);
    return true;
  }

  /** What the proxy has said crosses what the server says next: the server writes before it reads. */
  cross(proxy: number): void {
    this.serverWrites(proxy);
    while (this.serverReads(proxy));
  }

  /**
   * @returns whether there was something to say
   * @throws Error where a proxy is told of what its requests, as far as they were read, do not ask for
   */
  serverWrites(proxy: number): boolean {
    const connection = this.#connection(proxy);
    const step = next(connection.state, this.variant, this.#snapshot, this.shared);
    connection.state = step.state;
    if (step.response === undefined) return false;
    const { typeUrl, version, removed } = step.response;
    const resources = step.response.resources.map((resource) => ({
      name: resource.name,
      version: resource.version,
      typeUrl,
      body: resource.body,
      ttl: undefined,
      aliases: [],
    }));
    const { nonce } = step.message;
    for (const name of [...resources.map(({ name }) => name), ...removed])
      if (!connection.asked.covers(typeUrl, name)) throw new Error(`${typeUrl} ${name} was not asked for`);
    connection.asked.wrote(typeUrl, nonce);
    connection.toProxy.push({ typeUrl, version, nonce, identifier: '', resources, removed });
    return true;
  }

  proxyReads(proxy: number): FickleType | undefined {
    const connection = this.#connection(proxy);
    const response = connection.toProxy.shift();
    if (response === undefined) return undefined;
    const type = connection.type(response.typeUrl);
    type.receive(response);
    return type;
  }

  losePatience(proxy: number): void {
    const connection = this.#connection(proxy);
    connection.state = waitNoLonger(connection.state);
  }

  /** Everything under way arrives, and the proxy accepts everything. */
  settle(proxy: number): void {
    const connection = this.#connection(proxy);
    for (const typeUrl of TYPES) this.answer(proxy, typeUrl, true);
    for (let round = 0; ; round += 1) {
      if (round > MOST_ROUNDS) throw new Error('the stream does not come to rest');
      while (this.serverReads(proxy));
      this.losePatience(proxy);
      while (this.serverWrites(proxy));
      if (connection.toProxy.length === 0) return;
      while (connection.toProxy.length > 0) {
        const type = this.proxyReads(proxy);
        if (type !== undefined) this.answer(proxy, type.typeUrl, true);
      }
    }
  }

  covers(proxy: number, typeUrl: string, name: string): boolean {
    return this.#connection(proxy).type(typeUrl).covers(name);
  }

  /** The types of which the server waits for an answer. */
  unanswered(proxy: number): readonly string[] {
    const types = this.#connection(proxy).state.types.values();
    return types.filter(({ outstanding }) => outstanding.length > 0).map(({ typeUrl }) => typeUrl);
  }

  /** What a proxy was not told rightly. @param truth contents by name, by type */
  wrong(proxy: number, truth: ReadonlyMap<string, ReadonlyMap<string, string>>): readonly string[] {
    return this.#connection(proxy).types.flatMap((type) =>
      type.wrong(truth.get(type.typeUrl) ?? new Map()).map((name) => `${type.typeUrl} ${name}`),
    );
  }

  #connection(proxy: number): Connection {
    const connection = this.#connections[proxy];
    if (connection === undefined) throw new Error(`no proxy ${proxy}`);
    return connection;
  }

  /** By way of its bytes: the same bytes are one request to all streams. */
  #request(sent: Sent): StreamRequest {
    const bytes = encodeRequest(this.variant, sent);
    return this.variant === 'sotw'
      ? { variant: 'sotw', request: this.reader.sotw(bytes) }
      : { variant: 'delta', request: this.reader.delta(bytes) };
  }
}
