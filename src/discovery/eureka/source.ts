import type { Logger } from 'pino';
import { SignalboxError } from '../../errors.js';
import { Backoff } from '../backoff.js';
import { displayName } from '../http/display-name.js';
import { pause } from '../pause.js';
import type { Source, SourceSink } from '../source.js';
import { EurekaCopy } from './eureka-copy.js';
import { EurekaHost } from './eureka-host.js';
import { EurekaMapping } from './eureka-mapping.js';
import type { EurekaOptions } from './options.js';

/** One source: the hosts are replicas of one another. */
export function createEurekaSources(
  registry: string,
  options: EurekaOptions,
  deps: { readonly logger: Logger },
): readonly Source[] {
  return [new EurekaSource(registry, options, deps.logger)];
}

class EurekaSource implements Source {
  readonly server: string;

  constructor(
    readonly registry: string,
    private readonly options: EurekaOptions,
    private readonly logger: Logger,
  ) {
    this.server = options.host.map(displayName).join(', ');
  }

  async run(sink: SourceSink, signal: AbortSignal): Promise<void> {
    const { host, weight, fetch_interval: interval } = this.options;
    const hosts = host.map((url) => new EurekaHost(url, this.options));
    const copy = new EurekaCopy(
      hosts,
      new EurekaMapping(weight),
      this.logger.child({ registry: this.registry }),
    );
    const backoff = new Backoff();
    try {
      while (!signal.aborted) {
        try {
          await copy.refresh(signal);
        } catch (thrown) {
          if (signal.aborted) return;
          if (!(thrown instanceof SignalboxError)) throw thrown;
          sink.failed(thrown);
          await pause(Math.min(interval, backoff.next()), signal);
          continue;
        }
        backoff.reset();
        for (const [service, state] of copy.mapping.takeChanges()) sink.set({ service }, state);
        sink.synced(copy.mapping.hash);
        await pause(interval, signal);
      }
    } finally {
      await Promise.all(hosts.map((each) => each.close()));
    }
  }
}
