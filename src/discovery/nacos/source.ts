import type { Logger } from 'pino';
import { globMatcher } from '../../base/glob.js';
import { SignalboxError } from '../../errors.js';
import { Backoff } from '../backoff.js';
import { displayName } from '../http/display-name.js';
import { pause } from '../pause.js';
import { ServiceRetries } from '../service-retries.js';
import type { Source, SourceSink } from '../source.js';
import { type NacosHost, readHost } from './host.js';
import type { NacosOptions } from './options.js';
import { NacosPush } from './push.js';
import { Ring } from './ring.js';
import { type Round, readRound } from './round.js';
import { type NacosScope, type NacosService, scopesOf, serviceText } from './scope.js';
import { NacosServer } from './server.js';
import { readService, type ServiceRead } from './service-read.js';
import { Teller } from './teller.js';
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
  const [first, ...others] = options.host.map(readHost);
  return first === undefined ? [] : [new NacosSource(registry, [first, ...others], options, deps)];
}

/** Milliseconds between two looks at what is wanted. */
const LOOK_EVERY = 1_000;

/** Failing services, each read by itself; undefined where its server is out of reach, which polling tells. */
type Retries = ServiceRetries<ServiceRead | undefined>;

class NacosSource implements Source {
  readonly server: string;
  readonly #skipped: (service: string) => boolean;
  readonly #scopes: readonly NacosScope[];

  constructor(
    readonly registry: string,
    private readonly hosts: readonly [NacosHost, ...NacosHost[]],
    private readonly options: NacosOptions,
    private readonly deps: NacosDeps,
  ) {
    this.server = hosts.map((host) => displayName(host.url)).join(',');
    this.#scopes = scopesOf(options);
    this.#skipped = globMatcher(options.skip_services);
  }

  async run(sink: SourceSink, signal: AbortSignal): Promise<void> {
    const { options } = this;
    const connect = (host: NacosHost) => new NacosServer(host, options, this.deps.now ?? Date.now);
    const [first, ...others] = this.hosts;
    const ring = new Ring([connect(first), ...others.map(connect)]);
    const teller = new Teller(sink, options.weight, options.services_only);
    const pushes = options.push ? this.#pushes(ring, teller) : [];
    try {
      await Promise.all([
        this.#poll(ring, teller, pushes, signal),
        ...pushes.map((push) => push.run(signal)),
      ]);
    } finally {
      await Promise.all(ring.inTurn().map((server) => server.close()));
    }
  }

  #pushes(ring: Ring, teller: Teller): readonly NacosPush[] {
    const { options, registry } = this;
    const deps = {
      server: () => ring.current,
      timeout: options.timeout.read,
      maxAnswer: options.max_answer,
      notify: (key: NacosService, entries: readonly unknown[]) => teller.pushed(key, entries),
      logger: this.deps.logger.child({ registry }),
    };
    return options.namespace.map((namespace) => new NacosPush(namespace, deps));
  }

  async #poll(ring: Ring, teller: Teller, pushes: readonly NacosPush[], signal: AbortSignal): Promise<void> {
    const { fetch_interval } = this.options;
    const backoff = new Backoff();
    // A part that fails again and again shall not make everything be read without a pause.
    const partial = new Backoff(1_000, Math.max(1_000, fetch_interval));
    const retries: Retries = new ServiceRetries((text) => reread(ring, teller.failing(text), signal), signal);
    while (!signal.aborted) {
      const asked = this.#wanted().join('\n');
      let round: Round;
      try {
        teller.begin();
        round = await this.#read(ring, teller, retries, signal);
      } catch (thrown) {
        if (signal.aborted) return;
        if (!(thrown instanceof SignalboxError)) throw thrown;
        teller.failed(thrown);
        await pause(backoff.next(), signal);
        continue;
      }
      backoff.reset();
      teller.read(round);
      for (const { key } of round.failing) retries.failed(serviceText(key));
      dropAnswered(retries, teller);
      const services = this.#services(teller);
      for (const push of pushes) push.watch(services);
      if (round.failures.length === 0) partial.reset();
      const wait = round.failures.length === 0 ? fetch_interval : partial.next();
      await this.#rest(wait, asked, teller, retries, signal);
    }
  }

  /** Reads everything from the server in use, or from the next one that gives it whole. */
  async #read(ring: Ring, teller: Teller, retries: Retries, signal: AbortSignal): Promise<Round> {
    const questions = {
      scopes: this.#scopes,
      wanted: this.options.services_only ? (scope: NacosScope) => this.#wantedOf(scope) : undefined,
      known: (scope: NacosScope) => teller.known(scope),
      skipped: this.#skipped,
      postponed: (key: NacosService) => retries.has(serviceText(key)),
    };
    let best: Round | undefined;
    let error: SignalboxError | undefined;
    for (const server of ring.inTurn()) {
      const before = server.api;
      try {
        const round = await readRound(server, questions, signal);
        if (server.api !== before) this.#logApi(server);
        if (round.failures.length === 0 && round.failing.length === 0) {
          ring.use(server);
          return round;
        }
        if (round.answered) best ??= round;
        error ??= round.failures[0] ?? round.failing[0]?.error;
      } catch (thrown) {
        if (signal.aborted || !(thrown instanceof SignalboxError)) throw thrown;
        error ??= thrown;
      }
      server.forgetApi();
    }
    if (best !== undefined) return best;
    throw error ?? new TypeError('there is no server to ask');
  }

  /** Waits for the next round, and takes what failing services answer meanwhile. */
  async #rest(
    milliseconds: number,
    asked: string,
    teller: Teller,
    retries: Retries,
    signal: AbortSignal,
  ): Promise<void> {
    const rest = new AbortController();
    const over = this.#pause(milliseconds, asked, AbortSignal.any([signal, rest.signal]));
    try {
      while ((await Promise.race([over, retries.ready()])) === retries) {
        for (const [text, read] of retries.take()) {
          const key = teller.failing(text);
          if (key !== undefined && read !== undefined) teller.reread(key, read);
          if (teller.failing(text) === undefined) retries.drop(text);
          else retries.failed(text);
        }
      }
    } finally {
      rest.abort();
    }
  }

  /** Waits, less long where other services are wanted meanwhile. */
  async #pause(milliseconds: number, asked: string, signal: AbortSignal): Promise<void> {
    if (!this.options.services_only) return await pause(milliseconds, signal);
    for (let left = milliseconds; left > 0 && !signal.aborted; left -= LOOK_EVERY) {
      await pause(Math.min(left, LOOK_EVERY), signal);
      if (this.#wanted().join('\n') !== asked) return;
    }
  }

  /** The services that are asked for, or that there are. */
  #services(teller: Teller): readonly NacosService[] {
    return this.#scopes.flatMap((scope) => {
      const names = this.options.services_only ? this.#wantedOf(scope) : teller.answered(scope);
      return names.filter((name) => !this.#skipped(name)).map((service) => ({ ...scope, service }));
    });
  }

  #wantedOf(scope: NacosScope): readonly string[] {
    return wantedServices(this.#wanted(), this.options.service_template, this, scope);
  }

  #wanted(): readonly string[] {
    return this.options.services_only ? (this.deps.wanted?.() ?? []) : [];
  }

  #logApi({ name, api }: NacosServer): void {
    this.deps.logger.info(
      { registry: this.registry, server: name, api },
      'the HTTP API of Nacos is found out',
    );
  }
}

function dropAnswered(retries: Retries, teller: Teller): void {
  for (const text of [...retries.services]) if (teller.failing(text) === undefined) retries.drop(text);
}

async function reread(
  ring: Ring,
  key: NacosService | undefined,
  signal: AbortSignal,
): Promise<ServiceRead | undefined> {
  try {
    return key && (await readService(ring.current, key, signal));
  } catch (thrown) {
    if (!(thrown instanceof SignalboxError)) throw thrown;
    return undefined;
  }
}
