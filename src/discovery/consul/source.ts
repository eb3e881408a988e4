import { setMaxListeners } from 'node:events';
import type { Logger } from 'pino';
import { SignalboxError } from '../../errors.js';
import { Backoff } from '../backoff.js';
import { displayName } from '../http/display-name.js';
import { TokenBucket } from '../http/token-bucket.js';
import { pause } from '../pause.js';
import type { ServiceKey, Source, SourceSink } from '../source.js';
import { BlockingQuery } from './blocking-query.js';
import { CatalogMapping } from './catalog-mapping.js';
import { CatalogServer } from './catalog-server.js';
import { followAll } from './follow-all.js';
import { followEach } from './follow-each.js';
import type { ConsulOptions } from './options.js';
import { Publication } from './publication.js';

/**
 * Up to so many services have a blocking query, and with it a connection, each. Consul allows 200 connections from one
 * address, other clients' there included (`limits.http_max_conns_per_client`), and one that was given up counts until
 * its wait is over.
 */
const FEW = 32;

/** A source for each server: they are independent, each has its own indexes, state and back-off. */
export function createConsulSources(
  registry: string,
  options: ConsulOptions,
  deps: { readonly logger: Logger },
): readonly Source[] {
  return options.servers.map((url) => new ConsulSource(registry, url, options, deps.logger));
}

class ConsulSource implements Source {
  readonly server: string;
  readonly #logger: Logger;

  constructor(
    readonly registry: string,
    private readonly url: string,
    private readonly options: ConsulOptions,
    logger: Logger,
  ) {
    this.server = displayName(url);
    this.#logger = logger.child({ registry, server: this.server });
  }

  async run(sink: SourceSink, signal: AbortSignal): Promise<void> {
    const server = new CatalogServer(this.url, this.options);
    const mapping = new CatalogMapping(this.options);
    const backoff = new Backoff();
    const publication = new Publication(mapping, {
      set: (service, state) => sink.set(this.#key(service), state),
      synced: (revision) => {
        backoff.reset();
        sink.synced(revision);
      },
      failed: (error) => sink.failed(error),
      serviceFailed: (service, error) => sink.serviceFailed(this.#key(service), error),
    });
    try {
      while (!signal.aborted) {
        try {
          await this.#follow(server, mapping, publication, signal);
        } catch (thrown) {
          if (signal.aborted) return;
          if (!(thrown instanceof SignalboxError)) throw thrown;
          sink.failed(thrown);
          await pause(backoff.next(), signal);
        }
      }
    } finally {
      await server.close();
    }
  }

  /** Reads everything, then follows what changes, for as long as that goes well. */
  async #follow(
    server: CatalogServer,
    mapping: CatalogMapping,
    publication: Publication,
    outer: AbortSignal,
  ): Promise<void> {
    const life = new AbortController();
    const { signal } = life;
    const blocks = this.options.keepalive;
    // Each request that is under way listens to it.
    setMaxListeners(0, signal);
    const end = () => life.abort();
    outer.addEventListener('abort', end);
    const silent = server.untilSilent(signal);
    silent.catch(() => undefined);
    // Services that change all the time wake the queries all the time.
    const bucket = new TokenBucket(50, 10);
    const names = new BlockingQuery((index, each) => server.names(index, each), signal, blocks);
    const follow = {
      server,
      mapping,
      publication,
      names,
      blocks,
      silent,
      signal,
      pace: () => bucket.pass(signal),
    };
    try {
      const first = await names.next();
      if (blocks && first.value.size <= FEW) await followEach(follow, first, FEW);
      else await followAll(follow, first, blocks ? FEW / 2 : 0);
      this.#logger.debug('reading the catalogue anew');
    } finally {
      outer.removeEventListener('abort', end);
      life.abort();
    }
  }

  #key(service: string): ServiceKey {
    const { namespace } = this.options;
    return { service, ...(namespace !== undefined && { namespace }) };
  }
}
