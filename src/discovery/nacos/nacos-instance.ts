import type { FilterReason } from '../../model/instance.js';
import { badValue, mapEntry, placeOf, type ReadInstance, shortText } from '../../model/read-entry.js';
import { checkInstance } from '../../model/read-instance.js';
import { textOf } from '../../text-of.js';
import { isRecord } from './api.js';

/** Reads one entry of a service's list; the weight is a double, whose fraction is kept. */
export function readNacosInstance(entry: unknown, defaultWeight: number): ReadInstance {
  if (!isRecord(entry)) return badValue(shortText(entry), 'the entry is no JSON object');
  return mapEntry(
    () => placeOf(entry.ip, entry.port),
    entry,
    () => readRecord(entry, defaultWeight),
  );
}

type Entry = Readonly<Record<string, unknown>>;

function readRecord(entry: Entry, defaultWeight: number): ReadInstance {
  const down = whyDown(entry);
  const cluster = typeof entry.clusterName === 'string' ? entry.clusterName : '';
  return checkInstance(
    {
      host: entry.ip,
      port: entry.port,
      weight: entry.weight,
      metadata: entry.metadata,
      ...(down !== undefined && { down }),
      ...(cluster !== '' && { extra: { cluster } }),
    },
    defaultWeight,
  );
}

function whyDown(entry: Entry): { readonly reason: FilterReason; readonly detail: string } | undefined {
  if (textOf(entry.enabled) === 'false') return { reason: 'disabled', detail: 'enabled is false' };
  if (textOf(entry.healthy) === 'false') return { reason: 'unhealthy', detail: 'healthy is false' };
  return undefined;
}
