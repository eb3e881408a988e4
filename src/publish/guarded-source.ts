import type { Logger } from 'pino';
import { askOutside } from '../base/outside-code.js';
import type { ServiceKey, ServiceState, Source, SourceSink } from '../discovery/source.js';
import { messageOf, SignalboxError } from '../errors.js';

/**
 * A source that a user has written: what it tells is looked at before it counts, and what its `alias` throws is logged
 * and means that the name is none of its own.
 */
export function guardedSource(source: Source, logger: Logger): Source {
  const { registry, server } = source;
  const alias = (name: string) =>
    askOutside(
      () => source.alias?.(name),
      (thrown) => {
        logger.error({ registry, server, err: thrown }, `"alias" of a source failed: ${messageOf(thrown)}`);
        return undefined;
      },
    );
  return {
    registry,
    server,
    run: async (sink, signal) => await source.run(checkedSink(sink), signal),
    ...(source.alias !== undefined && { alias }),
  };
}

/** Tells a source, by an exception from `set`, of what is no state of a service. */
function checkedSink(sink: SourceSink): SourceSink {
  return {
    set: (key, state) => {
      requireKey(key);
      if (state !== undefined) requireState(state);
      sink.set(key, state);
    },
    synced: (revision) => sink.synced(revision),
    failed: (error) => sink.failed(SignalboxError.from(error)),
    serviceFailed: (key, error) => {
      requireKey(key);
      sink.serviceFailed(key, SignalboxError.from(error));
    },
  };
}

/** @throws TypeError */
function requireKey(key: ServiceKey): void {
  if (typeof key?.service !== 'string' || key.service === '')
    throw new TypeError('the key of a service has to have its name as "service"');
}

/** @throws TypeError */
function requireState(state: ServiceState): void {
  if (!Array.isArray(state?.instances) || !Array.isArray(state.filtered))
    throw new TypeError('the state of a service has to have the lists "instances" and "filtered"');
  for (const instance of state.instances) {
    const { host, port, weight, metadata } = Object(instance);
    const fits =
      typeof host === 'string' && Number.isInteger(port) && typeof weight === 'number' && isObject(metadata);
    if (!fits) throw new TypeError('an instance has to have "host", "port", "weight" and "metadata"');
  }
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}
