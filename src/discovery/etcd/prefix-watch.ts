import type { IWatchResponse } from 'etcd3';
import type { Logger } from 'pino';
import { SignalboxError } from '../../errors.js';
import { Backoff } from '../backoff.js';
import { pause } from '../pause.js';
import type { EtcdConnection } from './connection.js';
import type { EtcdConnections } from './connections.js';
import { failureOf, isOutOfRange, losesConnection } from './failure.js';
import { FailureReports } from './failure-reports.js';
import { HeldKeys, type KeyChange } from './held-keys.js';
import { type KeyRange, prefixRange } from './key-range.js';
import type { EtcdLink } from './link.js';
import { list } from './listing.js';
import type { EtcdConnectionOptions } from './options.js';
import { WatchAnswers } from './watch-answers.js';

/** What a prefix watch tells. */
export interface EtcdPrefixSink {
  /** One key's change, in the order of revisions. Nothing counts before the next `synced`. */
  changed(change: KeyChange): void;
  /** Everything up to `revision` has been told; also after an answer without a change. */
  synced(revision: string): void;
  /** Told once for each failure that is new since the last `synced`. What was told stays good. */
  failed(error: SignalboxError): void;
}

export interface EtcdPrefixWatchOptions {
  readonly prefix: string | Buffer;
  readonly connection: EtcdConnectionOptions;
  readonly page_size: number;
  /** Milliseconds. */
  readonly relist_jitter: number;
}

/**
 * The keys under a prefix: all of them once, then each change, none lost and none repeated. Listed again only where
 * etcd cannot tell the changes any more, and then only what differs is told.
 */
export class EtcdPrefixWatch {
  readonly #range: KeyRange;
  readonly #held: HeldKeys;
  readonly #backoff = new Backoff(100, 3_000);
  /** Why what is held must be listed again, where that is known already. */
  #lost: string | undefined;

  constructor(
    private readonly options: EtcdPrefixWatchOptions,
    private readonly connections: EtcdConnections,
    private readonly logger: Logger,
  ) {
    const prefix = Buffer.from(options.prefix);
    this.#range = prefixRange(prefix);
    this.#held = new HeldKeys(prefix.length);
  }

  /** Watches until `signal` is aborted, then resolves. Failures of etcd are told and retried; what rejects is a defect. */
  async run(sink: EtcdPrefixSink, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const connection = this.connections.acquire(this.options.connection);
    const stop = new AbortController();
    const aborted = new Promise<void>((resolve) => {
      signal.addEventListener('abort', () => resolve(), { once: true, signal: stop.signal });
    });
    try {
      await Promise.race([this.#keepFollowing(connection, sink, signal), aborted]);
    } finally {
      stop.abort();
      this.connections.release(connection);
    }
  }

  async #keepFollowing(connection: EtcdConnection, sink: EtcdPrefixSink, signal: AbortSignal): Promise<void> {
    const reports = new FailureReports(sink);
    while (!signal.aborted) {
      let link: EtcdLink | undefined;
      try {
        link = await connection.link();
        await this.#follow(link, reports, signal);
      } catch (thrown) {
        if (signal.aborted) return;
        const failure = failureOf(thrown, link?.server ?? connection.server);
        if (failure === undefined) throw thrown;
        reports.failed(failure);
        if (link !== undefined && losesConnection(failure)) await connection.lose(link);
        await pause(this.#backoff.next(), signal);
      }
    }
  }

  /** Brings what is held up to date and keeps it so. Resolves when it has to be listed again, or on abort. */
  async #follow(link: EtcdLink, sink: EtcdPrefixSink, signal: AbortSignal): Promise<void> {
    const lost = this.#lost ?? (await this.#whyNotResume(link));
    if (signal.aborted) return;
    if (lost !== undefined) {
      if (this.#held.size > 0) {
        this.logger.info({ server: link.server, reason: lost }, 'etcd: listing all keys again');
        await pause(Math.random() * this.options.relist_jitter, signal);
      }
      const listing = await list(link, this.#range, {
        pageSize: this.options.page_size,
        maxAnswer: this.options.connection.max_answer,
      });
      if (signal.aborted) return;
      this.#lost = undefined;
      const changes = this.#held.replace(listing.keys, listing.revision);
      for (const change of changes) sink.changed(change);
      sink.synced(listing.revision);
    }
    const ended = new AbortController();
    const either = AbortSignal.any([signal, ended.signal]);
    try {
      this.#lost = await Promise.race([this.#watch(link, sink, either), this.#prove(link, either)]);
    } finally {
      ended.abort();
    }
  }

  /**
   * Why a watch from the revision that is held would not tell every change, or undefined if it would. A store that was
   * wiped or restored may have any revision, so it has to show the key that was written last here, as it was then.
   */
  async #whyNotResume(link: EtcdLink): Promise<string | undefined> {
    const { revision, newest } = this.#held;
    if (revision === undefined) return 'nothing is held yet';
    if (newest === undefined) return 'nothing is held that the store could be known by';
    try {
      const found = (await link.get(newest.key, String(revision))).kvs[0];
      const same =
        found?.mod_revision === newest.mod_revision &&
        found.create_revision === newest.create_revision &&
        found.version === newest.version &&
        found.value.equals(newest.value);
      return same ? undefined : 'the store is not the one that was read before';
    } catch (thrown) {
      if (isOutOfRange(thrown)) return `revision ${revision} is compacted, or the store has lost it`;
      throw thrown;
    }
  }

  /** Resolves with the reason for a new listing or, on abort, with none. */
  async #watch(link: EtcdLink, sink: EtcdPrefixSink, signal: AbortSignal): Promise<string | undefined> {
    const stream = await link.watch();
    const answers = new WatchAnswers(this.options.connection.max_answer);
    return await new Promise((resolve, reject) => {
      const late = setTimeout(
        () => reject(new SignalboxError('registry_timeout', `etcd at ${link.server}: no answer in time`)),
        this.options.connection.timeout.read,
      );
      const stop = () => {
        clearTimeout(late);
        // Not ended first, a cancelled stream makes etcd3 close the channel, which others watch on too.
        stream.end();
        stream.cancel();
        resolve(undefined);
      };
      stream.on('error', reject);
      if (signal.aborted) return stop();
      signal.addEventListener('abort', stop, { once: true });
      stream.on('end', () =>
        reject(new SignalboxError('registry_unreachable', `etcd at ${link.server}: the watch ended`)),
      );
      stream.on('data', (response: IWatchResponse) => {
        if (signal.aborted) return;
        clearTimeout(late);
        try {
          const lost = this.#hear(answers, response, link, sink);
          if (lost !== undefined) resolve(lost);
        } catch (thrown) {
          reject(thrown);
        }
      });
      stream.write({
        create_request: {
          key: this.#range.start,
          range_end: this.#range.end,
          start_revision: String((this.#held.revision ?? 0n) + 1n),
          progress_notify: true,
          fragment: true,
        },
      });
    });
  }

  /** Gives the reason for a new listing, if there is one. */
  #hear(
    answers: WatchAnswers,
    response: IWatchResponse,
    link: EtcdLink,
    sink: EtcdPrefixSink,
  ): string | undefined {
    const answer = answers.read(response);
    switch (answer.is) {
      case 'fragment':
        return undefined;
      case 'compacted':
        return `everything before revision ${answer.revision} is compacted`;
      case 'refused':
        throw new SignalboxError('registry_refused', `etcd at ${link.server}: ${answer.reason}`);
      case 'events':
        for (const change of this.#held.apply(answer.events)) sink.changed(change);
        this.#backoff.reset();
        break;
      case 'progress':
        this.#held.reached(answer.revision);
        break;
      case 'created':
        break;
    }
    sink.synced(String(this.#held.revision));
    return undefined;
  }

  /**
   * Asks, time and again, for one key: a stream alone does not tell a hung server, or a member that lost its quorum,
   * from one with nothing to say. Resolves with the reason for a new listing or, on abort, with none.
   */
  async #prove(link: EtcdLink, signal: AbortSignal): Promise<string | undefined> {
    for (;;) {
      await pause(this.options.connection.keepalive_interval, signal);
      if (signal.aborted) return undefined;
      const { header } = await link.get(this.#range.start);
      if (BigInt(header.revision) < (this.#held.revision ?? 0n))
        return `the store went back to revision ${header.revision}`;
      this.#backoff.reset();
    }
  }
}
