import type { Logger } from 'pino';
import { replaceFile } from '../base/files/replace-file.js';
import {
  type LastKnownGood,
  lastKnownGoodText,
  readLastKnownGood,
  type ServiceEntries,
} from '../catalogue/last-known-good.js';
import type { SourceState } from '../catalogue/source-state.js';
import type { ServiceKey, ServiceState, SourceSink } from '../discovery/source.js';
import { messageOf, type SignalboxError } from '../errors.js';

export interface DumpOptions {
  readonly path: string;
  readonly load_on_init: boolean;
  /** Milliseconds after which the file is too old; 0 for never. */
  readonly expire: number;
}

/** The least time between two writes, and how long a first answer may take before the file is read; milliseconds. */
const WRITE_INTERVAL = 1_000;
const PATIENCE = 700;

/** A registry's last-known-good file: written as the registry changes, read when it does not answer at the start. */
export class RegistryDump {
  readonly #states: SourceState[] = [];
  #loaded: LastKnownGood | undefined;
  #dirty = false;
  #timer: NodeJS.Timeout | undefined;
  /** One write at a time. */
  #writing: Promise<void> | undefined;

  constructor(
    private readonly registry: string,
    private readonly options: DumpOptions,
    private readonly logger: Logger,
    private readonly signal: AbortSignal,
  ) {
    signal.addEventListener(
      'abort',
      () => {
        clearTimeout(this.#timer);
        if (this.#dirty) this.#write();
      },
      { once: true },
    );
  }

  /** Resolves when everything is written that was to be written when the signal was aborted. */
  async closed(): Promise<void> {
    await this.#writing;
  }

  /** The sink that a source is to tell in place of its state. */
  guard(state: SourceState, signal: AbortSignal): SourceSink {
    this.#states.push(state);
    const late = setTimeout(() => this.#restore(state), PATIENCE);
    signal.addEventListener('abort', () => clearTimeout(late), { once: true });
    return {
      set: (key: ServiceKey, said: ServiceState | undefined) => state.set(key, said),
      synced: (revision?: string) => {
        clearTimeout(late);
        if (state.synced(revision)) this.#changed();
      },
      failed: (error: SignalboxError) => {
        state.failed(error);
        this.#restore(state);
      },
      serviceFailed: (key: ServiceKey, error: SignalboxError) => {
        // Before anything is published, so that this service is not taken for one that is gone.
        if (error.code !== 'service_name_invalid') this.#restore(state);
        state.serviceFailed(key, error);
      },
    };
  }

  #restore(state: SourceState): void {
    if (state.answered || !this.options.load_on_init) return;
    this.#loaded ??= this.#read();
    const entries = this.#loaded.get(state.source.server);
    if (entries === undefined) return;
    const { server } = state.source;
    this.logger.warn(
      { registry: this.registry, server, services: entries.length },
      'the registry, or a service of it, does not answer: its last-known-good file is served',
    );
    state.restore(entries);
  }

  #read(): LastKnownGood {
    const { path, expire } = this.options;
    const about = { registry: this.registry, file: path };
    try {
      const read = readLastKnownGood(path);
      if ('damaged' in read)
        this.logger.error({ ...about, aside: read.aside }, `last-known-good file set aside: ${read.damaged}`);
      if (!('found' in read)) return new Map();
      if (expire === 0 || Date.now() - read.at <= expire) return read.found;
      this.logger.warn(about, 'the last-known-good file is older than "dump.expire" and is not read');
    } catch (thrown) {
      this.logger.error(about, `the last-known-good file cannot be read: ${messageOf(thrown)}`);
    }
    return new Map();
  }

  #changed(): void {
    this.#dirty = true;
    if (this.#timer !== undefined || this.#writing !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#dirty) this.#write();
    }, WRITE_INTERVAL);
  }

  /** Takes what there is now: when the registry is given up, it is gone at once. */
  #write(): void {
    this.#dirty = false;
    const answered = this.#states.filter((state) => state.answered);
    const entries = answered.map((state): [string, ServiceEntries] => [state.source.server, state.entries()]);
    const text = lastKnownGoodText(new Map(entries), Date.now());
    this.#writing = this.#writeAfter(this.#writing, text);
  }

  async #writeAfter(before: Promise<void> | undefined, text: string): Promise<void> {
    await before;
    try {
      await replaceFile(this.options.path, [text]);
    } catch (thrown) {
      this.logger.error(
        { registry: this.registry, file: this.options.path },
        `the last-known-good file cannot be written: ${messageOf(thrown)}`,
      );
    }
    if (this.signal.aborted) return;
    this.#writing = undefined;
    if (this.#dirty) this.#changed();
  }
}
