import fc, { type Arbitrary } from 'fast-check';
import { makeResource } from '../../src/snapshot/resource.js';
import { Snapshot } from '../../src/snapshot/snapshot.js';
import { TYPE_URL } from '../../src/snapshot/type-url.js';
import { NameTable } from '../../src/xds/name-set.js';
import { RequestReader } from '../../src/xds/request.js';
import { ResponseFactory, type Variant } from '../../src/xds/response.js';
import { StepMemory } from '../../src/xds/step-memory.js';
import {
  NEW_STREAM,
  next,
  receive,
  type Shared,
  type StreamRequest,
  waitNoLonger,
} from '../../src/xds/stream-state.js';
import { encodeRequest } from '../conformance/wire.js';
import { type FuzzTarget, target } from './target.js';
import { damagedBytes } from './values.js';

const { cluster, endpoints, listener, route } = TYPE_URL;
const TYPES = [cluster, endpoints, listener, route];
const typeUrl = fc.constantFrom(...TYPES, 'type.googleapis.com/acme.Unknown');
const names = fc.array(fc.constantFrom('a', 'b', 'c', '*', '', '__proto__'), { maxLength: 4 });
/** Which response a request answers: the type's last one, or any that was ever sent, to an earlier stream or of another type too. */
const answers = fc.oneof(
  { weight: 3, arbitrary: fc.constant('none' as const) },
  { weight: 3, arbitrary: fc.constant('last' as const) },
  { weight: 3, arbitrary: fc.nat(9) },
);
const error = fc.option(fc.constantFrom('', 'no', 'a: b'), { nil: undefined, freq: 3 });

const request = fc.record({
  typeUrl,
  first: names,
  second: names,
  answers,
  error,
  /** The version that a proxy says it has: of nothing, of something unknown, or what it was sent last. */
  version: fc.constantFrom('', 'v', 'sent'),
});
type Asked = typeof request extends Arbitrary<infer T> ? T : never;

const act = fc.oneof(
  { weight: 8, arbitrary: request.map((asked) => ({ kind: 'ask', asked }) as const) },
  { weight: 3, arbitrary: fc.nat(15).map((picked) => ({ kind: 'publish', picked }) as const) },
  { weight: 1, arbitrary: fc.constant({ kind: 'impatient' } as const) },
  { weight: 1, arbitrary: fc.constant({ kind: 'reconnect' } as const) },
);

/** A stream answers a request with a handful of responses at most: what goes on forever is found. */
const MOST_STEPS = 64;

function snapshotOf(picked: number, content: string): Snapshot {
  const present = ['a', 'b', 'c'].filter((_, index) => (picked & (1 << index)) !== 0);
  return Snapshot.of(
    TYPES.flatMap((url) =>
      present.map((name) => makeResource(url, name, Buffer.from(content), url === cluster ? [name] : [])),
    ),
  );
}

/** What is published goes out of use in time, as on any server; what is kept of it must go too. */
const LIVES_IN_A_WORLD = 1_000;

class World {
  readonly #snapshots = new Map<number, Snapshot>();
  #left = LIVES_IN_A_WORLD;

  constructor(private readonly number: number) {}

  /** The world of one more life. */
  next(): World {
    this.#left -= 1;
    return this.#left > 0 ? this : new World(this.number + 1);
  }

  snapshot(picked: number): Snapshot {
    const made = this.#snapshots.get(picked) ?? snapshotOf(picked, `${this.number} ${picked}`);
    this.#snapshots.set(picked, made);
    return made;
  }
}

let world = new World(0);
// All cases share these, as all streams of a server do.
const shared: Shared = {
  table: new NameTable(),
  responses: new ResponseFactory('fuzz'),
  memory: new StepMemory(),
};
const reader = new RequestReader(shared.table);

/** A proxy's stream of the server, and those after it, that take requests and are given all that they are due. */
class FuzzedStream {
  readonly #world: World;
  #state = NEW_STREAM;
  #snapshot: Snapshot;
  /** All that were ever sent. */
  readonly #nonces: string[] = [];
  /** By type, what was sent last. */
  readonly #last = new Map<string, { readonly nonce: string; readonly version: string }>();
  #told = new Set<string>();

  constructor(private readonly variant: Variant) {
    world = world.next();
    this.#world = world;
    this.#snapshot = world.snapshot(7);
  }

  ask(asked: Asked): void {
    this.take(bytesOf(this.variant, asked, (answers, url) => this.#sent(answers, url), this.#snapshot));
  }

  take(bytes: Uint8Array): void {
    const asked: StreamRequest =
      this.variant === 'sotw'
        ? { variant: 'sotw', request: reader.sotw(bytes) }
        : { variant: 'delta', request: reader.delta(bytes) };
    this.#state = receive(this.#state, asked, this.#snapshot, shared);
    this.#pump();
  }

  publish(picked: number): void {
    this.#snapshot = this.#world.snapshot(picked);
    this.#pump();
  }

  losePatience(): void {
    this.#state = waitNoLonger(this.#state);
    this.#pump();
  }

  /** What the proxy was sent it remembers, nonces included. */
  reconnect(): void {
    this.#state = NEW_STREAM;
    this.#told = new Set();
  }

  #sent(answers: Asked['answers'], url: string): { readonly nonce: string; readonly version: string } {
    const last = this.#last.get(url) ?? { nonce: '', version: '' };
    if (answers === 'last') return last;
    return { ...last, nonce: answers === 'none' ? '' : (this.#nonces[answers] ?? 'never-sent') };
  }

  #pump(): void {
    for (let steps = 0; ; steps += 1) {
      if (steps > MOST_STEPS) throw new Error('there is no end of responses');
      const step = next(this.#state, this.variant, this.#snapshot, shared);
      this.#state = step.state;
      if (step.response === undefined) return;
      const { typeUrl, version } = step.response;
      const { nonce } = step.message;
      // An answer names the type with the nonce.
      const told = `${typeUrl} ${nonce}`;
      if (this.#told.has(told)) throw new Error('a nonce came twice');
      this.#told.add(told);
      this.#nonces.push(nonce);
      this.#last.set(typeUrl, { nonce, version });
    }
  }
}

/** @param sent nonce and version of what a request answers */
function bytesOf(
  variant: Variant,
  asked: Asked,
  sent: (answers: Asked['answers'], url: string) => { readonly nonce: string; readonly version: string },
  snapshot: Snapshot,
): Uint8Array {
  const { nonce, version } = sent(asked.answers, asked.typeUrl);
  const common = { typeUrl: asked.typeUrl, nonce, ...(asked.error !== undefined && { error: asked.error }) };
  if (variant === 'sotw')
    return encodeRequest(variant, {
      ...common,
      names: asked.first,
      version: asked.version === 'sent' ? version : asked.version,
    });
  const versionOf = (name: string) =>
    asked.version === 'sent' ? (snapshot.set(asked.typeUrl).get(name)?.version ?? '') : asked.version;
  const known = new Map(asked.answers === 'none' ? asked.second.map((name) => [name, versionOf(name)]) : []);
  return encodeRequest(variant, { ...common, subscribe: asked.first, unsubscribe: asked.second, known });
}

const variants = ['sotw', 'delta'] as const;
const unanswered = () => ({ nonce: '', version: '' });

/** What proxies say, sensible or not. */
export const REQUESTS: readonly FuzzTarget[] = [
  ...variants.map((variant) =>
    target(`${variant} requests in any order`, fc.array(act, { maxLength: 12 }), (acts) => {
      const stream = new FuzzedStream(variant);
      for (const one of acts) {
        if (one.kind === 'ask') stream.ask(one.asked);
        else if (one.kind === 'publish') stream.publish(one.picked);
        else if (one.kind === 'reconnect') stream.reconnect();
        else stream.losePatience();
      }
    }),
  ),
  ...variants.map((variant) => {
    const plain = fc.record({ asked: request, id: fc.string() }).map(({ asked, id }) => {
      const sent = bytesOf(variant, asked, unanswered, Snapshot.EMPTY);
      // A node, field 1 or 2, before the rest.
      const node = Buffer.from(id);
      return Buffer.concat([
        Buffer.from([variant === 'delta' ? 10 : 18, Math.min(node.length, 127)]),
        node.subarray(0, 127),
        sent,
      ]);
    });
    const bytes = fc.oneof(
      { weight: 5, arbitrary: damagedBytes(plain) },
      { weight: 1, arbitrary: fc.uint8Array({ maxLength: 64 }) },
    );
    return target(`${variant} requests, by byte`, fc.array(bytes, { maxLength: 3 }), (messages) => {
      const stream = new FuzzedStream(variant);
      for (const message of messages) {
        let readable = true;
        try {
          reader.node(variant, message);
          variant === 'sotw' ? reader.sotw(message) : reader.delta(message);
        } catch (thrown) {
          if (!(thrown instanceof Error)) throw thrown;
          readable = false;
        }
        // What can be read must be dealt with.
        if (readable) stream.take(message);
      }
    });
  }),
];
