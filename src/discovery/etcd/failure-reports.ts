import type { SignalboxError } from '../../errors.js';
import type { EtcdPrefixSink } from './prefix-watch.js';

/** More kinds of failure in one outage than anybody reads. */
const MOST = 20;

/** Passes on what is told, but each failure only once until something has succeeded: endpoints may fail in turns, for hours. */
export class FailureReports implements EtcdPrefixSink {
  readonly #told = new Set<string>();

  constructor(private readonly sink: EtcdPrefixSink) {}

  changed(...change: Parameters<EtcdPrefixSink['changed']>): void {
    this.sink.changed(...change);
  }

  synced(revision: string): void {
    this.#told.clear();
    this.sink.synced(revision);
  }

  failed(error: SignalboxError): void {
    const key = `${error.code} ${error.message}`;
    if (this.#told.has(key) || this.#told.size >= MOST) return;
    this.#told.add(key);
    this.sink.failed(error);
  }
}
