import { expect, test } from 'vitest';
import { makeResource, type Resource } from '../../../src/snapshot/resource.js';
import { Snapshot } from '../../../src/snapshot/snapshot.js';
import { TYPE_URL } from '../../../src/snapshot/type-url.js';
import { NameTable } from '../../../src/xds/name-set.js';
import { ResponseFactory } from '../../../src/xds/response.js';
import { StepMemory } from '../../../src/xds/step-memory.js';
import {
  NEW_STREAM,
  next,
  receive,
  type Shared,
  type StreamState,
  waitNoLonger,
} from '../../../src/xds/stream-state.js';
import { FickleType, textOf } from '../../conformance/fickle-type.js';
import { Random } from '../../conformance/random.js';
import type { Received, Sent } from '../../conformance/wire.js';
import { streamRequest } from './stream-request.js';

const NAMES = ['a', 'b', 'c', 'd'];
const FULL: readonly string[] = [TYPE_URL.cluster, TYPE_URL.listener];
const RUNS = 1_500;
/** Milliseconds: a slow machine is given time. */
const LONGEST = 60_000;
const STEPS = 60;

/** A proxy and the server's state of its stream, with all that is under way between the two. */
class Interleaving {
  readonly #types: readonly FickleType[];
  readonly #toServer: Sent[] = [];
  readonly #toProxy: Received[] = [];
  readonly #wanted = new Map<string, Map<string, string>>();
  #snapshot = Snapshot.EMPTY;
  #state: StreamState = NEW_STREAM;
  #connected = false;
  #content = 0;

  constructor(
    private readonly variant: 'sotw' | 'delta',
    private readonly shared: Shared,
    private readonly random: Random,
  ) {
    const urls = [TYPE_URL.cluster, TYPE_URL.endpoints, TYPE_URL.listener, TYPE_URL.route];
    this.#types = urls.map((typeUrl) => new FickleType(typeUrl, variant, FULL.includes(typeUrl)));
  }

  step(): void {
    const chance = this.random.next();
    if (chance < 0.15) this.#publish();
    else if (chance < 0.4) this.#serverReads();
    else if (chance < 0.6) this.#serverWrites();
    else if (chance < 0.75) this.#proxyReads();
    else this.#proxyActs();
  }

  /** Everything under way arrives, and the proxy answers everything; what it was told wrongly in the end. */
  settle(): readonly string[] {
    if (!this.#connected) this.#connect();
    for (const type of this.#types) this.#send(type.answer(true));
    for (let round = 0; round < 500; round += 1) {
      while (this.#toServer.length > 0) this.#serverReads();
      this.#state = waitNoLonger(this.#state);
      while (this.#serverWrites());
      if (this.#toProxy.length === 0) break;
      while (this.#toProxy.length > 0) {
        const type = this.#proxyReads();
        if (type !== undefined) this.#send(type.answer(true));
      }
    }
    return this.#types.flatMap((type) =>
      type.wrong(this.#wanted.get(type.typeUrl) ?? new Map()).map((name) => `${type.typeUrl} ${name}`),
    );
  }

  #publish(): void {
    const changes = new Map<string, Map<string, Resource | undefined>>();
    for (const { typeUrl } of this.#types) {
      const wanted = this.#wanted.get(typeUrl) ?? new Map<string, string>();
      const ofType = new Map<string, Resource | undefined>();
      for (const name of this.random.some(NAMES, 0.2)) {
        const gone = this.random.chance(0.25);
        const made = makeResource(
          typeUrl,
          name,
          Buffer.from(String(++this.#content)),
          typeUrl === TYPE_URL.cluster ? [name] : [],
        );
        ofType.set(name, gone ? undefined : made);
        if (gone) wanted.delete(name);
        else wanted.set(name, textOf(made.body));
      }
      this.#wanted.set(typeUrl, wanted);
      changes.set(typeUrl, ofType);
    }
    this.#snapshot = this.#snapshot.with(changes);
  }

  #proxyActs(): void {
    const type = this.random.pick(this.#types);
    if (!this.#connected) this.#connect();
    else if (this.random.chance(0.05)) this.#disconnect();
    else if (this.random.chance(0.4)) this.#send(type.answer(this.random.chance(0.7)));
    else this.#changeMind(type);
  }

  #changeMind(type: FickleType): void {
    const pool = FULL.includes(type.typeUrl) ? ['*', ...NAMES] : NAMES;
    const dropped = this.random.some(pool, 0.25);
    const added = this.random.some(pool, 0.25).filter((name) => !dropped.includes(name));
    this.#send(type.subscribe(added, dropped));
  }

  #connect(): void {
    this.#connected = true;
    this.#state = NEW_STREAM;
    for (const type of this.#types) this.#send(type.subscribe([], []));
  }

  #disconnect(): void {
    this.#connected = false;
    this.#toServer.length = 0;
    this.#toProxy.length = 0;
    for (const type of this.#types) type.disconnected();
  }

  #send(request: Sent | undefined): void {
    if (request !== undefined) this.#toServer.push(request);
  }

  #serverReads(): void {
    const sent = this.#toServer.shift();
    if (sent !== undefined)
      this.#state = receive(
        this.#state,
        streamRequest(this.variant, sent, this.shared.table),
        this.#snapshot,
        this.shared,
      );
  }

  #serverWrites(): boolean {
    if (!this.#connected) return false;
    const step = next(this.#state, this.variant, this.#snapshot, this.shared);
    this.#state = step.state;
    if (step.response === undefined) return false;
    const { typeUrl, version, resources, removed } = step.response;
    this.#toProxy.push({
      typeUrl,
      version,
      nonce: step.message.nonce,
      resources,
      removed,
    } as unknown as Received);
    return true;
  }

  #proxyReads(): FickleType | undefined {
    const response = this.#toProxy.shift();
    const type = this.#types.find(({ typeUrl }) => typeUrl === response?.typeUrl);
    if (response !== undefined) type?.receive(response);
    return type;
  }
}

test.each(['sotw', 'delta'] as const)(
  '%s: whatever the order in which requests, changes and responses meet, the proxy is told everything',
  (variant) => {
    const shared: Shared = {
      table: new NameTable(),
      responses: new ResponseFactory('test'),
      memory: new StepMemory(),
    };
    for (let seed = 1; seed <= RUNS; seed += 1) {
      const run = new Interleaving(variant, shared, new Random(seed));
      for (let step = 0; step < STEPS; step += 1) run.step();
      expect(run.settle(), `seed ${seed}`).toEqual([]);
    }
  },
  LONGEST,
);
