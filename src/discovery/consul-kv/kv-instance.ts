import { messageOf } from '../../errors.js';
import { splitAddress } from '../../model/host.js';
import type { FilterReason, InstancePolicy } from '../../model/instance.js';
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

  const policy = readPolicy(data);
  return readInstance(
    {
      ...parts,
      weight: data.weight,
      metadata: data.metadata,
      status: data.status,
      check_status: data.check_status,
      ...(policy !== undefined && { extra: { policy } }),
    },
    defaultWeight,
  );
}

function readPolicy(data: Readonly<Record<string, unknown>>): InstancePolicy | undefined {
  const maxFails = notNegative(data.max_fails);
  const failTimeoutSeconds = notNegative(data.fail_timeout);
  if (maxFails === undefined && failTimeoutSeconds === undefined) return undefined;
  return {
    ...(maxFails !== undefined && { maxFails }),
    ...(failTimeoutSeconds !== undefined && { failTimeoutSeconds }),
  };
}

function notNegative(value: unknown): number | undefined {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) && number >= 0 ? number : undefined;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
