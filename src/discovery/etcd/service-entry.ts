import { splitAddress } from '../../model/host.js';
import { mapEntry, type ReadInstance } from '../../model/read-entry.js';
import { checkInstance } from '../../model/read-instance.js';

/** Where a key below the prefix belongs. */
export interface EntryKey {
  /** May have several segments. */
  readonly service: string;
  /** The last segment, commonly `host:port`. */
  readonly entry: string;
}

/** Reads `<service>/<ip:port>`; undefined for a key that is in no service, or a service's folder itself. */
export function readEntryKey(key: string): EntryKey | undefined {
  const slash = key.lastIndexOf('/');
  const service = key.slice(0, Math.max(slash, 0)).replace(/^\/+/, '');
  const entry = key.slice(slash + 1);
  return service === '' || entry === '' ? undefined : { service, entry };
}

/**
 * Reads an instance out of a key's last segment and its value: JSON as lua-resty-upstream-etcd writes it, or etcd's
 * naming form, which has the address in `Addr`. A value that cannot be read says nothing about the instance.
 */
export function readEntry(entry: string, value: string, defaultWeight: number): ReadInstance {
  return mapEntry(entry, value, () => readText(entry, value, defaultWeight));
}

function readText(entry: string, value: string, defaultWeight: number): ReadInstance {
  const { fields, remark } = readValue(value, defaultWeight);
  const address = splitAddress(typeof fields.Addr === 'string' ? fields.Addr : entry);
  const metadata = fields.Metadata ?? fields.metadata;
  return checkInstance(
    {
      host: address?.host ?? fields.Addr ?? entry,
      port: address?.port,
      weight: fields.weight ?? (isObject(metadata) ? metadata.weight : undefined),
      metadata,
      beside: fields,
      status: fields.status,
      ...(remark !== undefined && { remarks: [remark] }),
    },
    defaultWeight,
  );
}

type Fields = Readonly<Record<string, unknown>>;

function readValue(value: string, weight: number): { readonly fields: Fields; readonly remark?: string } {
  if (value === '') return { fields: {}, remark: `the value is empty; weight ${weight} is used` };
  try {
    const fields: unknown = JSON.parse(value);
    if (isObject(fields)) return { fields };
    return { fields: {}, remark: `the value is no JSON object; weight ${weight} is used` };
  } catch {
    return { fields: {}, remark: `the value is no JSON; weight ${weight} is used` };
  }
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
