import { createHash } from 'node:crypto';
import { SignalboxError } from '../../errors.js';
import type { Source, SourceSink } from '../source.js';
import { readFileService } from './file-instance.js';
import { followFile } from './follow-file.js';
import type { FileOptions } from './options.js';

import { parseServiceFile } from './service-file.js';

/** @param options with an absolute `path`, as the configuration reader makes it */
export function createFileSource(registry: string, options: FileOptions): readonly Source[] {
  return [new FileSource(registry, options.path, options)];
}

class FileSource implements Source {
  constructor(
    readonly registry: string,
    readonly server: string,
    private readonly options: FileOptions,
  ) {}

  async run(sink: SourceSink, signal: AbortSignal): Promise<void> {
    const known = new Map<string, string>();
    await followFile(
      this.server,
      this.options.max_answer,
      (content) => this.#take(content, known, sink),
      signal,
    );
  }

  /** @param known the services of the last good content, each with the text of its list */
  #take(content: string | SignalboxError, known: Map<string, string>, sink: SourceSink): void {
    if (typeof content !== 'string') {
      sink.failed(content);
      return;
    }
    const { services, error } = parseServiceFile(content);
    if (services === undefined) {
      sink.failed(new SignalboxError('registry_bad_answer', `${this.server}: ${error}`));
      return;
    }
    for (const service of [...known.keys()].filter((name) => !services.has(name))) {
      known.delete(service);
      sink.set({ service }, undefined);
    }
    for (const [service, { items, text }] of services) {
      if (known.get(service) === text) continue;
      known.set(service, text);
      sink.set({ service }, readFileService(items, this.options.weight));
    }
    sink.synced(createHash('sha256').update(content).digest('hex').slice(0, 12));
  }
}
