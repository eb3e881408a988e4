import { setTimeout } from 'node:timers/promises';
import { Random } from '../conformance/random.js';
import { eventually } from '../peers/eventually.js';
import { type FaultKind, faultsOf, whole } from './faults.js';
import type { Check, FaultPeriod, History, Observation, Write } from './history.js';
import { RecordingProxy } from './recording-proxy.js';
import { startRegistry } from './registries/index.js';
import { Standstill } from './standstill.js';
import { Topology } from './topology.js';
import { Writer } from './writer.js';

export interface RunOptions {
  readonly seed: number;
  readonly milliseconds: number;
  /** How long a fault lasts, milliseconds. */
  readonly hold: readonly [least: number, most: number];
  /** Only faults whose name has this in it. */
  readonly only?: string;
  /** The environment of the replicas. */
  readonly env?: Readonly<Record<string, string>>;
  readonly say?: (line: string) => void;
}

const SERVICES = 12;
const WRITERS = 3;
const INSTANCES = 4;
/** Milliseconds between two writes of one writer, at most. */
const PAUSE = 400;
/** What every proxy has to be done with after a healing, milliseconds. */
const CATCH_UP = 5_000;
/** How long the proxy that moves stays at a server, milliseconds. */
const STAY = 7_000;
/** The registry itself is recorded like a proxy: what it says has to fit what the writers know. */
const WITNESS = 'registry';

/** Puts a registry and all between it and the proxies under faults while it changes, and records what was seen. */
export async function recordHistory(name: string, options: RunOptions): Promise<History> {
  const registry = await startRegistry(name);
  const topology = await Topology.start(registry, options.env).catch(async (thrown: unknown) => {
    await registry.close();
    throw thrown;
  });
  const run = new Run(name, topology, options);
  try {
    return await run.complete();
  } finally {
    await topology.close();
  }
}

class Run {
  readonly #writes: Write[] = [];
  readonly #observations: Observation[] = [];
  readonly #faults: FaultPeriod[] = [];
  readonly #checks: Check[] = [];
  readonly #services = Array.from({ length: SERVICES }, (_, index) => `S${index}`);
  readonly #random: Random;
  readonly #writers: readonly Writer[];
  readonly #proxies: readonly RecordingProxy[];
  readonly #standstill = new Standstill();
  readonly #end = new AbortController();

  constructor(
    private readonly registry: string,
    private readonly topology: Topology,
    private readonly options: RunOptions,
  ) {
    this.#random = new Random(options.seed);
    this.#writers = Array.from({ length: WRITERS }, (_, writer) => this.#writer(writer));
    const record = (observation: Observation) => void this.#observations.push(observation);
    this.#proxies = (
      [
        ['workers, delta', 'delta'],
        ['workers, sotw', 'sotw'],
        ['replica, delta', 'delta'],
        ['relay, delta', 'delta'],
        ['relay, sotw', 'sotw'],
        ['moves', 'delta'],
      ] as const
    ).map(([name, variant]) => new RecordingProxy(name, variant, record));
  }

  async complete(): Promise<History> {
    const { signal } = this.#end;
    const [workers, replica, relay] = this.topology.servers;
    if (workers === undefined || replica === undefined || relay === undefined) throw new Error('no servers');
    const at = [[workers], [workers], [replica], [relay], [relay], [workers, replica]];
    const background = [
      this.#standstill.run(signal),
      ...this.#proxies.map((proxy, index) =>
        proxy.run(at[index] ?? [], signal, proxy.name === 'moves' ? STAY : undefined),
      ),
    ];
    try {
      await Promise.all(this.#writers.map((writer) => writer.fill()));
      await this.#underFaults();
    } finally {
      this.#end.abort();
      await Promise.all(background);
    }
    return {
      registry: this.registry,
      seed: this.options.seed,
      shows: this.topology.registry.shows,
      proxies: [WITNESS, ...this.#proxies.map(({ name }) => name)],
      writes: this.#writes,
      observations: this.#observations,
      faults: this.#faults,
      checks: this.#checks,
    };
  }

  async #underFaults(): Promise<void> {
    const { only = '', milliseconds, say = () => undefined } = this.options;
    const kinds = faultsOf(this.topology).filter(({ name }) => name.includes(only));
    const end = performance.now() + milliseconds;
    let left: FaultKind[] = [];
    let stop = this.#startWriting();
    do {
      // Each kind once before one comes again.
      if (left.length === 0) left = [...kinds];
      const [kind] = left.splice(this.#random.below(left.length), 1);
      if (kind === undefined) return;
      const from = performance.now();
      if (kind.forgets === true) await stop();
      const heal = await kind.begin();
      const [least, most] = this.options.hold;
      await setTimeout(least + this.#random.below(most - least));
      await heal();
      await whole(this.topology);
      if (kind.forgets === true) {
        for (const writer of this.#writers) writer.wiped(from, performance.now());
        await Promise.all(this.#writers.map((writer) => writer.fill()));
        stop = this.#startWriting();
      }
      this.#faults.push({ name: kind.name, from, to: performance.now() });
      await this.#check();
      say(`${kind.name}: ${this.#writes.length} writes, ${this.#observations.length} states so far`);
    } while (performance.now() < end);
    await stop();
    await this.#check();
  }

  #startWriting(): () => Promise<void> {
    const stop = new AbortController();
    const writing = Promise.all(this.#writers.map((writer) => writer.run(stop.signal)));
    return async () => {
      stop.abort();
      await writing;
    };
  }

  /** Waits as long as proxies may take to catch up, and longer where the machine stood still, and asks the registry. */
  async #check(): Promise<void> {
    const since = performance.now();
    const due = () => since + CATCH_UP + this.#standstill.since(since);
    while (performance.now() < due()) await setTimeout(due() - performance.now());
    const held = await eventually(() => this.topology.registry.read(this.#services), 60_000);
    const at = performance.now();
    for (const [service, instances] of held)
      this.#observations.push({ proxy: WITNESS, server: WITNESS, stream: 1, service, instances, at });
    this.#checks.push({ since, at, standstill: this.#standstill.since(since) });
  }

  #writer(writer: number): Writer {
    const { registry } = this.topology;
    return new Writer(
      {
        services: this.#services.filter((_, index) => index % WRITERS === writer),
        addressesOf: (service) =>
          Array.from({ length: INSTANCES }, (_, n) => `10.0.${this.#services.indexOf(service)}.${n + 1}:80`),
        // Some services may come and go as a whole.
        keeps: (service) => this.#services.indexOf(service) % 4 !== 0,
        atOnce: registry.atOnce,
        pause: PAUSE,
        write: (change, member) => registry.write(change, member),
        record: (write) => void this.#writes.push(write),
      },
      new Random(this.options.seed + 1 + writer),
    );
  }
}
