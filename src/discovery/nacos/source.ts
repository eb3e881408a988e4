import type { Logger } from 'pino';
import { SignalboxError } from '../../errors.js';
import { Backoff } from '../backoff.js';
import { displayName } from '../http/display-name.js';
import { pause } from '../pause.js';
import type { Source, SourceSink } from '../source.js';
import { readHost } from './host.js';
import type { NacosOptions } from './options.js';
import { type Round, type RoundQuestions, readRound } from './round.js';
import { scopesOf } from './scope.js';
import { NacosServer } from './server.js';
import { ServiceTable } from './service-table.js';
import { wantedServices } from './wanted.js';

export interface NacosDeps {
  readonly logger: Logger;
  /** The names that are to be served, as they are published; asked only with `services_only`. */
  readonly wanted?: () => readonly string[];
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
}

/** One source: the hosts are members of one cluster. */
export function createNacosSources(
  registry: string,
  options: NacosOptions,
  deps: NacosDeps,
): readonly Source[] {
  return [new NacosSource(registry, options, deps)];
}

/** Milliseconds between two looks at what is wanted. */
const LOOK_EVERY = 1_000;

class NacosSource implements Source {
  readonly server: string;

  constructor(
    readonly registry: string,
    private readonly options: NacosOptions,
    private readonly deps: NacosDeps,
  ) {
    this.server = this.#hosts()
      .map((host) => displayName(host.url))
      .join(',');
  }

  async run(sink: SourceSink, signal: AbortSignal): Promise<void> {
    const { now = Date.now } = this.deps;
    const servers = this.#hosts().map((host) => new NacosServer(host, this.options, now));
    try {
      await this.#poll(new Ring(servers), sink, signal);
    } finally {
      await Promise.all(servers.map((server) => server.close()));
    }
  }

  async #poll(ring: Ring, sink: SourceSink, signal: AbortSignal): Promise<void> {
    const { options } = this;
    const table = new ServiceTable(options.weight);
    const backoff = new Backoff();
    // A part that fails again and again shall not make everything be read without a pause.
    const partial = new Backoff(1_000, Math.max(1_000, options.fetch_interval));
    while (!signal.aborted) {
      const asked = this.#wanted().join('\n');
      let round: Round;
      try {
        round = await this.#read(ring, table, signal);
      } catch (thrown) {
        if (signal.aborted) return;
        if (!(thrown instanceof SignalboxError)) throw thrown;
        sink.failed(thrown);
        await pause(backoff.next(), signal);
        continue;
      }
      backoff.reset();
      tell(round, table, sink);
      const failure = firstOf(round.failures);
      if (failure === undefined) partial.reset();
      else sink.failed(failure);
      await this.#pause(failure === undefined ? options.fetch_interval : partial.next(), asked, signal);
    }
  }

  /** Reads everything from the server in use, or from the next one that gives it whole. */
  async #read(ring: Ring, table: ServiceTable, signal: AbortSignal): Promise<Round> {
    const questions: RoundQuestions = {
      scopes: scopesOf(this.options),
      wanted: this.options.services_only
        ? (scope) => wantedServices(this.#wanted(), this.options.service_template, this, scope)
        : undefined,
      known: (scope) => table.services(scope),
    };
    let best: Round | undefined;
    let error: SignalboxError | undefined;
    for (const server of ring.inTurn()) {
      const before = server.api;
      try {
        const round = await readRound(server, questions, signal);
        if (server.api !== before) this.#log(server, 'the HTTP API of Nacos is found out');
        if (round.failures.length === 0) {
          ring.use(server);
          return round;
        }
        if (round.answered) best ??= round;
        error ??= round.failures[0];
      } catch (thrown) {
        if (signal.aborted || !(thrown instanceof SignalboxError)) throw thrown;
        error ??= thrown;
      }
      server.forgetApi();
    }
    if (best !== undefined) return best;
    throw error ?? new TypeError('there is no server to ask');
  }

  /** Waits for the next round, less long where other services are wanted meanwhile. */
  async #pause(milliseconds: number, asked: string, signal: AbortSignal): Promise<void> {
    if (!this.options.services_only) return await pause(milliseconds, signal);
    for (let left = milliseconds; left > 0 && !signal.aborted; left -= LOOK_EVERY) {
      await pause(Math.min(left, LOOK_EVERY), signal);
      if (this.#wanted().join('\n') !== asked) return;
    }
  }

  #wanted(): readonly string[] {
    return this.options.services_only ? (this.deps.wanted?.() ?? []) : [];
  }

  #hosts() {
    return this.options.host.flatMap((text) => readHost(text) ?? []);
  }

  #log(server: NacosServer, message: string): void {
    this.deps.logger.info({ registry: this.registry, server: server.name, api: server.api }, message);
  }
}

/** The servers of the cluster: one is in use until another one is. */
class Ring {
  #first = 0;

  constructor(private readonly servers: readonly NacosServer[]) {}

  /** The one in use, then the others. */
  inTurn(): readonly NacosServer[] {
    return [...this.servers.slice(this.#first), ...this.servers.slice(0, this.#first)];
  }

  use(server: NacosServer): void {
    this.#first = this.servers.indexOf(server);
  }
}

function firstOf(failures: readonly SignalboxError[]): SignalboxError | undefined {
  const [first] = failures;
  if (first === undefined || failures.length === 1) return first;
  return new SignalboxError(first.code, `${first.message} (and ${failures.length - 1} more)`, {
    cause: first,
  });
}

function tell(round: Round, table: ServiceTable, sink: SourceSink): void {
  for (const { key, entries } of round.services) {
    if (entries === undefined) {
      if (table.remove(key)) sink.set(key, undefined);
    } else {
      const state = table.put(key, entries);
      if (state !== undefined) sink.set(key, state);
    }
  }
  sink.synced();
}
