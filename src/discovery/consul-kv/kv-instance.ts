import { messageOf } from '../../errors.js';
import { splitAddress } from '../../model/host.js';
import type { FilterReason } from '../../model/instance.js';
import { readPolicy } from '../../model/instance-policy.js';
import { type ReadInstance, readInstance } from '../../model/read-instance.js';

/**
 * Reads one entry: the address is in the key, the rest is JSON such as
 * `{"weight":120,"max_fails":2,"fail_timeout":2,"check_status":true}`.
 * @param value Base64, or null for an empty value
 */
export function readKvInstance(address: string, value: string | null, defaultWeight: number): ReadInstance {
  const refuse = (reason: FilterReason, detail: string): ReadInstance => ({
    filtered: { address, reason, detail },
  });
  const parts = splitAddress(address);
  if (parts === undefined)
    return refuse('bad_address', `the key ends in "${address}", which is no host:port`);
  if (value === null || value === '') return refuse('bad_value', 'the value is empty');

  let data: unknown;
  try {
    data = JSON.parse(Buffer.from(value, 'base64').toString('utf8'));
  } catch (thrown) {
    return refuse('bad_value', messageOf(thrown));
  }
  if (!isRecord(data)) return refuse('bad_value', 'the value is no JSON object');

  const { said, remarks } = readPolicy(data);
  const read = readInstance(
    {
      ...parts,
      weight: data.weight,
      metadata: data.metadata,
      status: data.status,
      check_status: data.check_status,
      extra: { policy: said },
    },
    defaultWeight,
  );
  if (read.instance === undefined || remarks.length === 0) return read;
  return { instance: { ...read.instance, remarks: [...(read.instance.remarks ?? []), ...remarks] } };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
