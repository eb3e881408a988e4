import { createHash } from 'node:crypto';
import type { Logger } from 'pino';
import { followFile } from '../discovery/file/follow-file.js';
import type { Source, SourceSink } from '../discovery/source.js';
import { SignalboxError } from '../errors.js';
import { readStandalone } from './apisix/standalone.js';
import { ApisixTable } from './apisix/table.js';
import type { DocumentSet } from './document-set.js';
import { logRejected } from './log-rejected.js';
import type { FileStoreOptions } from './options.js';

export interface FileStoreDeps {
  readonly logger: Logger;
  /** Receives the documents before the catalogue receives the services, so that both are published together. */
  readonly documents: DocumentSet;
}

/** The documents of an `apisix.yaml`, watched. While it is broken, its last good content counts. */
export class FileStore implements Source {
  readonly server: string;
  readonly #known = new Map<string, string>();
  readonly #table: ApisixTable;

  constructor(
    readonly registry: string,
    private readonly options: FileStoreOptions,
    private readonly deps: FileStoreDeps,
  ) {
    this.server = options.path;
    this.#table = new ApisixTable('', options.keyring);
  }

  async run(sink: SourceSink, signal: AbortSignal): Promise<void> {
    let whole = true;
    const take = (content: string | SignalboxError) => {
      if (typeof content !== 'string') {
        sink.failed(content);
        return;
      }
      const error = this.#take(content, sink, whole);
      if (error === undefined) whole = false;
      else sink.failed(new SignalboxError('registry_bad_answer', `${this.server}: ${error}`));
    };
    await followFile(this.server, this.options.max_answer, take, signal);
  }

  /** @returns why the content is not taken */
  #take(content: string, sink: SourceSink, whole: boolean): string | undefined {
    const { documents, error } = readStandalone(content, process.env);
    if (documents === undefined) return error;
    for (const key of [...this.#known.keys()].filter((one) => !documents.has(one))) {
      this.#known.delete(key);
      this.#table.change(key, undefined);
    }
    for (const [key, text] of documents) {
      if (this.#known.get(key) === text) continue;
      this.#known.set(key, text);
      this.#table.change(key, text);
    }
    const changes = this.#table.take();
    logRejected(this.deps.logger, this.registry, changes);
    for (const [service, state] of changes.services) sink.set({ service }, state);
    this.deps.documents.apply(this.registry, changes, whole);
    sink.synced(createHash('sha256').update(content).digest('hex').slice(0, 12));
    return undefined;
  }
}
