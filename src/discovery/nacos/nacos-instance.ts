import type { FilterReason } from '../../model/instance.js';
import { badValue, mapEntry, placeOf, type ReadInstance, shortText } from '../../model/read-entry.js';
import { checkInstance } from '../../model/read-instance.js';
import { textOf } from '../../text-of.js';
import { type DubboProvider, readDubboProvider } from '../dubbo-provider.js';
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
  const dubbo = dubboProvider(entry.metadata);
  const down = whyDown(entry) ?? dubbo?.down;
  const cluster = typeof entry.clusterName === 'string' ? entry.clusterName : '';
  return checkInstance(
    {
      ...dubbo,
      host: entry.ip,
      port: entry.port,
      // Dubbo leaves Nacos' own weight at 1, unless somebody has set it there.
      weight: (Number(entry.weight) === 1 ? dubbo?.weight : undefined) ?? entry.weight,
      metadata: dubbo?.parameters ?? entry.metadata,
      beside: { ...dubbo?.beside, enabled: entry.enabled, disabled: entry.disabled },
      ...(down !== undefined && { down }),
      ...(cluster !== '' && { extra: { cluster } }),
    },
    defaultWeight,
  );
}

/** Dubbo registers the parameters of a provider's URL as metadata. */
function dubboProvider(metadata: unknown): DubboProvider | undefined {
  if (!isRecord(metadata) || (metadata.category !== 'providers' && metadata.side !== 'provider'))
    return undefined;
  const texts = Object.entries(metadata).filter(([, value]) => value !== undefined && value !== null);
  return readDubboProvider(Object.fromEntries(texts.map(([key, value]) => [key, textOf(value)])));
}

function whyDown(entry: Entry): { readonly reason: FilterReason; readonly detail: string } | undefined {
  if (textOf(entry.healthy) === 'false') return { reason: 'unhealthy', detail: 'healthy is false' };
  return undefined;
}
