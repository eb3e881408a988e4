import { text } from '../../src/protobuf/wire.js';
import type { Snapshot } from '../../src/snapshot/snapshot.js';
import { NameTable } from '../../src/xds/name-set.js';
import { RequestReader } from '../../src/xds/request.js';
import { ResponseFactory, stamped, type Variant } from '../../src/xds/response.js';
import { StepMemory } from '../../src/xds/step-memory.js';
import { NEW_STREAM, next, receive, type Shared, type StreamState } from '../../src/xds/stream-state.js';

export function namesField(names: readonly string[]): Buffer {
  return Buffer.concat(names.map((name) => text(3, name)));
}

/**
 * An encoded request: the first of a type, or with a nonce the ACK of a response.
 * @param names the encoded {@link namesField}
 */
export function requestBytes(variant: Variant, typeUrl: string, names: Buffer, nonce = ''): Buffer {
  const [typeField, nonceField] = variant === 'delta' ? [2, 6] : [4, 5];
  const type = text(typeField, typeUrl);
  if (nonce === '') return Buffer.concat([names, type]);
  const answer = text(nonceField, nonce);
  // A delta ACK names nothing; a SotW ACK repeats the subscription.
  return Buffer.concat(variant === 'delta' ? [type, answer] : [names, type, answer]);
}

const NOTHING = Buffer.alloc(0);

/** What proxies share at a server. */
export class BareServer implements Shared {
  readonly table = new NameTable();
  readonly responses = new ResponseFactory('micro');
  readonly memory = new StepMemory();
  readonly reader = new RequestReader(this.table);
}

/** What the server does for one proxy that accepts everything, without gRPC. */
export class BareProxy {
  readonly #names = new Map<string, Buffer>();
  #state: StreamState = NEW_STREAM;

  constructor(
    private readonly variant: Variant,
    private readonly server: BareServer,
  ) {}

  subscribe(typeUrl: string, names: Buffer, snapshot: Snapshot): void {
    this.#names.set(typeUrl, names);
    this.#receive(requestBytes(this.variant, typeUrl, names), snapshot);
    this.follow(snapshot);
  }

  /** Sends what is due and takes the ACKs; the bytes that would go out. */
  follow(snapshot: Snapshot): number {
    for (let bytes = 0; ; ) {
      const step = next(this.#state, this.variant, snapshot, this.server);
      this.#state = step.state;
      if (step.response === undefined) return bytes;
      bytes += stamped(step.message).length;
      const { typeUrl } = step.response;
      this.#receive(
        requestBytes(this.variant, typeUrl, this.#names.get(typeUrl) ?? NOTHING, step.message.nonce),
        snapshot,
      );
    }
  }

  #receive(bytes: Uint8Array, snapshot: Snapshot): void {
    const request =
      this.variant === 'delta'
        ? ({ variant: 'delta', request: this.server.reader.delta(bytes) } as const)
        : ({ variant: 'sotw', request: this.server.reader.sotw(bytes) } as const);
    this.#state = receive(this.#state, request, snapshot, this.server);
  }
}
