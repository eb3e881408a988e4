import { pino } from 'pino';
import { expect, test } from 'vitest';
import { makeResource, type Resource } from '../../../src/snapshot/resource.js';
import { Snapshot } from '../../../src/snapshot/snapshot.js';
import { TYPE_URL } from '../../../src/snapshot/type-url.js';
import { Doubts } from '../../../src/xds/doubts.js';
import { NameTable } from '../../../src/xds/name-set.js';
import { UNKNOWN_NODE } from '../../../src/xds/node.js';
import { allOf } from '../../../src/xds/observer.js';
import { Reports } from '../../../src/xds/reports.js';
import { ResponseFactory, type Variant } from '../../../src/xds/response.js';
import { StepMemory } from '../../../src/xds/step-memory.js';
import { StreamJournal } from '../../../src/xds/stream-journal.js';
import { StreamProgress } from '../../../src/xds/stream-progress.js';
import { WithheldTtls } from '../../../src/xds/ttl.js';
import { BAD, PartialType } from '../../conformance/partial-type.js';
import { Random } from '../../conformance/random.js';
import type { Received, Sent } from '../../conformance/wire.js';
import { streamRequest } from './stream-request.js';

const { cluster, endpoints, listener, route, secret, scopedRoute } = TYPE_URL;
const WILDCARDS: readonly string[] = [cluster, listener, scopedRoute];
const NAMED: readonly string[] = [endpoints, route, secret];
const CHILDREN: ReadonlyMap<string, readonly string[]> = new Map([
  [cluster, [endpoints]],
  [listener, [route, secret]],
]);
const NAMES = ['a', 'b', 'c'];
/** Everybody asks for it, and it changes last. */
const LAST = 'last';
/** Few, so that the same content comes back. */
const CONTENTS = ['1', '2', `${BAD} 1`];
const RUNS = 250;
const STEPS = 60;
/** Milliseconds: a slow machine is given time. */
const LONGEST = 60_000;

const observer = allOf({});
const logger = pino({ enabled: false });
const withheldTtls = new WithheldTtls(logger);
const journal = new StreamJournal({ id: 1, node: UNKNOWN_NODE, group: '', peer: '' }, logger, observer);

/** A process that serves the proxy. It tells the other one what is in doubt. */
class Server {
  readonly shared = {
    table: new NameTable(),
    responses: new ResponseFactory('test'),
    memory: new StepMemory(),
  };
  readonly doubts: Doubts = new Doubts(this.shared.table, undefined, undefined, (node) => {
    // As where there are too many names, of a third of the nodes.
    const names = Number(node.replace('node-', '')) % 3 === 0 ? { names: 'all' as const } : {};
    for (const doubt of this.doubts.told(node))
      this.other?.doubts.learn(structuredClone({ ...doubt, ...names }));
  });
  other: Server | undefined;

  open(variant: Variant, node: string, userAgent: string): StreamProgress {
    const deps = {
      doubts: this.doubts,
      reports: new Reports(observer),
      shared: this.shared,
      withheldTtls,
    };
    const progress = new StreamProgress(variant, deps, journal, () => node);
    progress.begin(userAgent);
    return progress;
  }
}

/** A proxy that comes and goes, and all that is under way between it and two processes. */
class Run {
  readonly #types: ReadonlyMap<string, PartialType>;
  readonly #wanted = new Map(
    [...WILDCARDS, ...NAMED].map((typeUrl) => [typeUrl, new Map<string, string>()] as const),
  );
  #toServer: Sent[] = [];
  #toProxy: Received[] = [];
  #snapshot = Snapshot.EMPTY;
  #server: Server;
  #progress: StreamProgress | undefined;
  /** Streams whose loss is not noticed yet. */
  #halfOpen: StreamProgress[] = [];

  constructor(
    private readonly variant: Variant,
    private readonly servers: readonly Server[],
    private readonly node: string,
    private readonly userAgent: string,
    private readonly random: Random,
  ) {
    this.#server = random.pick(servers);
    this.#types = new Map([
      ...WILDCARDS.map((typeUrl) => [typeUrl, new PartialType(typeUrl, variant)] as const),
      ...NAMED.map((typeUrl) => [typeUrl, new PartialType(typeUrl, variant, ['a', LAST])] as const),
    ]);
    for (const typeUrl of this.#types.keys()) this.#publish(typeUrl, [...NAMES, LAST], '1');
  }

  step(): void {
    const chance = this.random.next();
    if (chance < 0.15) {
      const content = this.random.chance(0.2) ? undefined : this.random.pick(CONTENTS);
      this.#publish(this.random.pick([...this.#types.keys()]), this.random.some(NAMES, 0.5), content);
    } else if (chance < 0.45) this.#serverReads();
    else if (chance < 0.65) this.#serverWrites();
    else if (chance < 0.9) this.#proxyReads();
    else if (chance < 0.95) this.#changeMind();
    else if (this.#progress === undefined) this.#connect();
    else this.#disconnect();
  }

  /** Nothing bad is left and each type changes once more. @returns what is wrong once all is quiet */
  settle(): readonly string[] {
    for (const [typeUrl, wanted] of this.#wanted) {
      const bad = [...wanted].filter(([, content]) => content.startsWith(BAD)).map(([name]) => name);
      this.#publish(typeUrl, bad, '1');
      this.#publish(typeUrl, [LAST], '3');
    }
    if (this.#progress === undefined) this.#connect();
    this.#quiet();
    return [...this.#types].flatMap(([typeUrl, type]) =>
      type.wrong(this.#wanted.get(typeUrl) ?? new Map()).map((name) => `${typeUrl} ${name}`),
    );
  }

  /** Everything under way arrives. */
  #quiet(): void {
    for (let round = 0; round < 100; round += 1) {
      while (this.#serverReads());
      this.#progress?.waitNoLonger();
      while (this.#serverWrites());
      if (this.#toProxy.length === 0) return;
      while (this.#proxyReads());
    }
    throw new Error('the stream does not come to rest');
  }

  #publish(typeUrl: string, names: readonly string[], content: string | undefined): void {
    const wanted = this.#wanted.get(typeUrl);
    const changes = new Map<string, Resource | undefined>();
    for (const name of names) {
      const references = (CHILDREN.get(typeUrl) ?? []).map((child) => ({ typeUrl: child, names: [name] }));
      changes.set(
        name,
        content === undefined ? undefined : makeResource(typeUrl, name, Buffer.from(content), references),
      );
      if (content === undefined) wanted?.delete(name);
      else wanted?.set(name, content);
    }
    this.#snapshot = this.#snapshot.with(new Map([[typeUrl, changes]]));
  }

  #connect(): void {
    this.#server = this.random.pick(this.servers);
    this.#progress = this.#server.open(this.variant, this.node, this.userAgent);
    for (const type of this.#types.values()) this.#toServer.push(type.first());
    if (this.random.chance(0.5)) for (const progress of this.#halfOpen.splice(0)) progress.end();
  }

  #disconnect(): void {
    const progress = this.#progress;
    if (progress === undefined) return;
    if (this.random.chance(0.5)) {
      // The server has heard all that the proxy had to say, but not that the proxy is gone.
      this.#quiet();
      this.#halfOpen.push(progress);
    } else progress.end();
    this.#progress = undefined;
    this.#toServer = [];
    this.#toProxy = [];
    for (const [typeUrl, type] of this.#types) {
      const drops = this.variant === 'sotw' && this.userAgent !== 'envoy' && NAMED.includes(typeUrl);
      type.disconnected(drops ? this.random.some(NAMES, 0.3) : []);
    }
  }

  #changeMind(): void {
    if (this.#progress === undefined) return;
    const added = this.random.some(NAMES, 0.3);
    const dropped = this.random.some(NAMES, 0.3).filter((name) => !added.includes(name));
    const sent = this.#types.get(this.random.pick(NAMED))?.subscribe(added, dropped);
    if (sent !== undefined) this.#toServer.push(sent);
  }

  #serverReads(): boolean {
    const sent = this.#toServer.shift();
    if (sent === undefined || this.#progress === undefined) return false;
    const request = streamRequest(this.variant, sent, this.#server.shared.table);
    this.#progress.take(this.#progress.believed(request), this.#snapshot);
    return true;
  }

  #serverWrites(): boolean {
    const due = this.#progress?.next(this.#snapshot);
    if (due === undefined) return false;
    const response = this.#progress?.state.types.get(due.typeUrl)?.outstanding.at(-1)?.response;
    if (response === undefined) throw new Error('a response that is not outstanding');
    const { typeUrl, version, removed } = response;
    const resources = response.resources.map((one) => ({ ...one, typeUrl, ttl: undefined, aliases: [] }));
    this.#toProxy.push({ typeUrl, version, nonce: due.message.nonce, identifier: '', resources, removed });
    return true;
  }

  #proxyReads(): boolean {
    const response = this.#toProxy.shift();
    if (response === undefined) return false;
    const children = CHILDREN.get(response.typeUrl) ?? [];
    const answer = this.#types.get(response.typeUrl)?.receive(response, this.random, (name) => {
      for (const child of children) this.#types.get(child)?.await(name);
    });
    if (answer !== undefined) this.#toServer.push(answer);
    return true;
  }
}

test.each([
  ['sotw', 'envoy'],
  ['sotw', 'grpc'],
  ['delta', 'envoy'],
] as const)(
  '%s, %s: whatever a proxy applied of what it rejected, wherever it comes back, it has what is served in the end',
  (variant, userAgent) => {
    const [one, two] = [new Server(), new Server()];
    one.other = two;
    two.other = one;
    for (let seed = 1; seed <= RUNS; seed += 1) {
      const run = new Run(variant, [one, two], `node-${seed}`, userAgent, new Random(seed));
      for (let step = 0; step < STEPS; step += 1) run.step();
      expect(run.settle(), `seed ${seed}`).toEqual([]);
    }
  },
  LONGEST,
);
