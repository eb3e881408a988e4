import type { FilterReason } from '../../model/instance.js';
import { type ReadInstance, readInstance } from '../../model/read-instance.js';
import { textOf } from '../../text-of.js';
import { isRecord } from './api.js';

/** Reads one entry of a service's list; the weight is a double, whose fraction is kept. */
export function readNacosInstance(entry: unknown, defaultWeight: number): ReadInstance {
  if (!isRecord(entry)) {
    const address = (JSON.stringify(entry) ?? 'undefined').slice(0, 80);
    return { filtered: { address, reason: 'bad_value', detail: 'the entry is no JSON object' } };
  }
  const down = whyDown(entry);
  const cluster = typeof entry.clusterName === 'string' ? entry.clusterName : '';
  return readInstance(
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

function whyDown(
  entry: Readonly<Record<string, unknown>>,
): { readonly reason: FilterReason; readonly detail: string } | undefined {
  if (textOf(entry.enabled) === 'false') return { reason: 'disabled', detail: 'enabled is false' };
  if (textOf(entry.healthy) === 'false') return { reason: 'unhealthy', detail: 'healthy is false' };
  return undefined;
}
