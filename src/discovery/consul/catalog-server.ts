import { globMatcher } from '../../base/glob.js';
import { Secret } from '../../config/secret.js';
import { SignalboxError } from '../../errors.js';
import { CONSISTENT } from '../consul-consistency.js';
import { type HttpAnswer, HttpClient } from '../http/http-client.js';
import { inParallel } from '../in-parallel.js';
import { pause } from '../pause.js';
import { nameProblem } from '../service-name.js';
import {
  type Indexed,
  indexOf,
  isFilteredByAcls,
  type NodeRegistrations,
  type Registration,
  readList,
  readNames,
  readNodeDump,
  readNodes,
  readRegistrations,
  readTroubles,
  type Trouble,
} from './catalog-answer.js';
import type { ConsulOptions } from './options.js';

/** Milliseconds between two looks at the server while queries block. */
const PROBE_EVERY = 5_000;
/** Milliseconds for which one proof that the server answers stands for all. */
const PROOF = 1_000;
/** Requests at a time, beside those that block. */
export const AT_A_TIME = 8;
/** What Consul takes at most. */
const LONGEST_WAIT = 600_000;
const SHORTEST_WAIT = 1_000;

const isOk = (status: number) => status === 200;
const isOkOrMissing = (status: number) => status === 200 || status === 404;

/** The catalogue of one Consul server. With an index above 0 a list is answered when it has changed since. */
export class CatalogServer {
  readonly #client: HttpClient;
  readonly #token: Secret | undefined;
  readonly #place: Readonly<Record<string, string>>;
  readonly #wait: number;
  readonly #skipped: (service: string) => boolean;
  #dumps = true;
  #proof: Promise<void> | undefined;

  constructor(
    url: string,
    private readonly options: ConsulOptions,
  ) {
    this.#client = new HttpClient(url, {
      connectTimeout: options.timeout.connect,
      tls: options.tls,
      maxAnswer: options.max_answer,
      answerTimeout: options.timeout.answer,
    });
    this.#token = Secret.from(options.token, options.token_file);
    this.#place = {
      ...(options.datacenter !== undefined && { dc: options.datacenter }),
      ...(options.namespace !== undefined && { ns: options.namespace }),
    };
    this.#skipped = globMatcher(options.skip_services);
    this.#wait = Math.min(LONGEST_WAIT, Math.max(SHORTEST_WAIT, options.timeout.wait));
  }

  /** The names of the services, without Consul's own and those to skip. */
  async names(after: number, signal: AbortSignal): Promise<Indexed<ReadonlySet<string>>> {
    const answer = await this.#list('/v1/catalog/services', after, signal);
    const index = indexOf(answer);
    const names = readNames(answer);
    // Consul is a service of its own catalogue, so that an empty one means that ACLs hide it. Before 1.12 no header
    // says so. Only namespaces of Consul Enterprise may really be empty.
    if (names.size === 0 && (isFilteredByAcls(answer) || this.options.namespace === undefined)) {
      throw answer.errors.refused('not even Consul itself is to be seen: the token may not read services');
    }
    const wanted = [...names].filter((name) => name !== 'consul' && !this.#skipped(name));
    return { value: new Set(wanted), index };
  }

  /** The instances of a service, unchecked. */
  async service(name: string, index: number, signal: AbortSignal): Promise<Indexed<readonly unknown[]>> {
    const answer = await this.#list(`/v1/health/service/${encodeURIComponent(name)}`, index, signal);
    const entries = readList(answer);
    if (entries.length === 0 && isFilteredByAcls(answer))
      throw answer.errors.refused('the token may not see the instances of this service');
    return { value: entries, index: indexOf(answer) };
  }

  /**
   * Asks what every query needs, after one of them has failed: where that is answered, it is the one query that fails.
   * @throws SignalboxError where the server answers nothing
   */
  async prove(signal: AbortSignal): Promise<void> {
    this.#proof ??= this.#proveOnce(signal);
    await this.#proof;
  }

  async nodes(index: number, signal: AbortSignal): Promise<Indexed<ReadonlyMap<string, number>>> {
    const answer = await this.#list('/v1/catalog/nodes', index, signal);
    return { value: readNodes(answer), index: indexOf(answer) };
  }

  /** The checks that do not pass, of all services and nodes. */
  async troubles(index: number, signal: AbortSignal): Promise<Indexed<ReadonlyMap<string, Trouble>>> {
    const filter = { filter: 'Status != "passing"' };
    const answer = await this.#list('/v1/health/state/any', index, signal, filter);
    return { value: readTroubles(answer), index: indexOf(answer) };
  }

  /**
   * The registrations of all nodes, in one request: the interface behind Consul's own pages, which is documented
   * nowhere. Where it is not as expected, the documented one is asked, once for each node.
   */
  async allRegistrations(nodes: Iterable<string>, signal: AbortSignal): Promise<NodeRegistrations> {
    if (this.#dumps) {
      const { read } = this.options.timeout;
      try {
        const answer = await this.#get(
          '/v1/internal/ui/nodes',
          { ...this.#place, ...CONSISTENT },
          read,
          signal,
          () => true,
        );
        const dump = answer.status === 200 ? readNodeDump(answer) : undefined;
        if (dump !== undefined) return dump;
      } catch (thrown) {
        // Such as one that is too large.
        const isAnswer = thrown instanceof SignalboxError && thrown.code === 'registry_bad_answer';
        if (!isAnswer) throw thrown;
      }
      this.#dumps = false;
    }
    return await this.registrations(nodes, signal);
  }

  /** The registrations of these nodes; without those of a node whose own query fails, or whose name has no query. */
  async registrations(nodes: Iterable<string>, signal: AbortSignal): Promise<NodeRegistrations> {
    const { read } = this.options.timeout;
    const found = new Map<string, ReadonlyMap<string, Registration>>();
    const asked = [...nodes].filter((node) => nameProblem(node, 'consul') === undefined);
    await inParallel(asked, AT_A_TIME, async (node) => {
      const path = `/v1/catalog/node/${encodeURIComponent(node)}`;
      try {
        const answer = await this.#get(path, { ...this.#place, ...CONSISTENT }, read, signal, isOkOrMissing);
        found.set(node, readRegistrations(answer));
      } catch (thrown) {
        if (signal.aborted || !(thrown instanceof SignalboxError)) throw thrown;
        await this.prove(signal);
      }
    });
    return found;
  }

  /** Throws when the server answers no more: one that hangs keeps a query open just as a healthy one does. */
  async untilSilent(signal: AbortSignal): Promise<never> {
    for (;;) {
      await pause(PROBE_EVERY, signal);
      await this.#get('/v1/status/leader', {}, this.options.timeout.read, signal, () => true);
    }
  }

  async #proveOnce(signal: AbortSignal): Promise<void> {
    try {
      await this.names(0, signal);
    } catch (thrown) {
      this.#proof = undefined;
      throw thrown;
    }
    setTimeout(() => {
      this.#proof = undefined;
    }, PROOF).unref();
  }

  async close(): Promise<void> {
    await this.#client.close();
  }

  async #list(
    path: string,
    index: number,
    signal: AbortSignal,
    query: Readonly<Record<string, string>> = {},
  ): Promise<HttpAnswer> {
    const { read } = this.options.timeout;
    const wanted = { ...this.#place, ...query };
    if (index === 0 || !this.options.keepalive) {
      if (index > 0) await pause(this.options.fetch_interval, signal);
      return await this.#get(path, { ...wanted, ...CONSISTENT }, read, signal, isOk);
    }
    const blocking = { ...wanted, index, wait: `${this.#wait / 1_000}s` };
    // The server adds up to a sixteenth to the wait, so that not all clients come at once.
    return await this.#get(path, blocking, this.#wait + this.#wait / 16 + read, signal, isOk);
  }

  async #get(
    path: string,
    query: Readonly<Record<string, string | number>>,
    timeout: number,
    signal: AbortSignal,
    accept: (status: number) => boolean,
  ): Promise<HttpAnswer> {
    const headers = this.#token === undefined ? {} : { 'x-consul-token': this.#token };
    return await this.#client.get(path, { headers, query, timeout, signal, accept });
  }
}
