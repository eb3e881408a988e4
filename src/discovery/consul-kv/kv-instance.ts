import { splitAddress } from '../../model/host.js';
import { badValue, mapEntry, type ReadInstance } from '../../model/read-entry.js';
import { checkInstance } from '../../model/read-instance.js';

/**
 * Reads one entry: the address is in the key, the rest is JSON such as
 * `{"weight":120,"max_fails":2,"fail_timeout":2,"check_status":true}`.
 * @param value Base64, or null for an empty value
 */
export function readKvInstance(address: string, value: string | null, defaultWeight: number): ReadInstance {
  const text = Buffer.from(value ?? '', 'base64').toString('utf8');
  return mapEntry(address, text, () => readText(address, text, defaultWeight));
}

function readText(address: string, text: string, defaultWeight: number): ReadInstance {
  const parts = splitAddress(address);
  if (parts === undefined) {
    const detail = `the key ends in "${address}", which is no host:port`;
    return { filtered: { address, reason: 'bad_address', detail } };
  }
  if (text === '') return badValue(address, 'the value is empty');
  const data: unknown = JSON.parse(text);
  if (!isRecord(data)) return badValue(address, 'the value is no JSON object');

  return checkInstance(
    {
      ...parts,
      weight: data.weight,
      metadata: data.metadata,
      beside: data,
      status: data.status,
      check_status: data.check_status,
    },
    defaultWeight,
  );
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
