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
const typeUrl = fc.constantFrom(cluster, endpoints, listener, route, 'type.googleapis.com/acme.Unknown');
const names = fc.array(fc.constantFrom('a', 'b', 'c', '*', '', '__proto__'), { maxLength: 4 });
/** A nonce by which response of the stream it was: -1 for none, beyond the last for one that never was. */
const answered = fc.integer({ min: -1, max: 6 });
const error = fc.option(fc.constantFrom('', 'no', 'a: b'), { nil: undefined, freq: 3 });

const request = fc.record({
  typeUrl,
  first: names,
  second: names,
  answered,
  error,
  version: fc.constantFrom('', 'v', '0'),
});
const act = fc.oneof(
  { weight: 6, arbitrary: request.map((asked) => ({ kind: 'ask', asked }) as const) },
  { weight: 2, arbitrary: fc.nat(15).map((picked) => ({ kind: 'publish', picked }) as const) },
  { weight: 1, arbitrary: fc.constant({ kind: 'impatient' } as const) },
);

const TYPES = [cluster, endpoints, listener, route];
/** A stream answers a request with a handful of responses at most: what goes on forever is found. */
const MOST_STEPS = 64;

function snapshotOf(picked: number): Snapshot {
  const present = ['a', 'b', 'c'].filter((_, index) => (picked & (1 << index)) !== 0);
  return Snapshot.of(
    TYPES.flatMap((url) =>
      present.map((name) => makeResource(url, name, Buffer.from([picked]), url === cluster ? [name] : [])),
    ),
  );
}

const SNAPSHOTS = Array.from({ length: 16 }, (_, picked) => snapshotOf(picked));
// All cases share these, as all streams of a server do.
const shared: Shared = {
  table: new NameTable(),
  responses: new ResponseFactory('fuzz'),
  memory: new StepMemory(),
};
const reader = new RequestReader(shared.table);

/** A stream of the server that takes requests and is given all that it is due. */
class FuzzedStream {
  #state = NEW_STREAM;
  #snapshot = snapshotOf(7);
  readonly nonces: string[] = [];
  readonly #told = new Set<string>();

  constructor(private readonly variant: Variant) {}

  take(bytes: Uint8Array): void {
    const asked: StreamRequest =
      this.variant === 'sotw'
        ? { variant: 'sotw', request: reader.sotw(bytes) }
        : { variant: 'delta', request: reader.delta(bytes) };
    this.#state = receive(this.#state, asked, this.#snapshot, shared);
    this.#pump();
  }

  publish(picked: number): void {
    this.#snapshot = SNAPSHOTS[picked] ?? Snapshot.EMPTY;
    this.#pump();
  }

  losePatience(): void {
    this.#state = waitNoLonger(this.#state);
    this.#pump();
  }

  #pump(): void {
    for (let steps = 0; ; steps += 1) {
      if (steps > MOST_STEPS) throw new Error('there is no end of responses');
      const step = next(this.#state, this.variant, this.#snapshot, shared);
      this.#state = step.state;
      if (step.response === undefined) return;
      // An answer names the type with the nonce.
      const told = `${step.response.typeUrl} ${step.message.nonce}`;
      if (this.#told.has(told)) throw new Error('a nonce came twice');
      this.#told.add(told);
      this.nonces.push(step.message.nonce);
    }
  }
}

function bytesOf(
  variant: Variant,
  nonces: readonly string[],
  asked: typeof request extends Arbitrary<infer T> ? T : never,
): Uint8Array {
  const nonce = asked.answered < 0 ? '' : (nonces[asked.answered] ?? 'never-sent');
  const common = { typeUrl: asked.typeUrl, nonce, ...(asked.error !== undefined && { error: asked.error }) };
  if (variant === 'sotw')
    return encodeRequest(variant, { ...common, names: asked.first, version: asked.version });
  const known = new Map(asked.answered < 0 ? asked.second.map((name) => [name, asked.version]) : []);
  return encodeRequest(variant, { ...common, subscribe: asked.first, unsubscribe: asked.second, known });
}

const variants = ['sotw', 'delta'] as const;

/** What proxies say, sensible or not. */
export const REQUESTS: readonly FuzzTarget[] = [
  ...variants.map((variant) =>
    target(`${variant} requests in any order`, fc.array(act, { maxLength: 12 }), (acts) => {
      const stream = new FuzzedStream(variant);
      for (const one of acts) {
        if (one.kind === 'ask') stream.take(bytesOf(variant, stream.nonces, one.asked));
        else if (one.kind === 'publish') stream.publish(one.picked);
        else stream.losePatience();
      }
    }),
  ),
  ...variants.map((variant) => {
    const plain = fc.record({ asked: request, id: fc.string() }).map(({ asked, id }) => {
      const sent = bytesOf(variant, [], asked);
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
