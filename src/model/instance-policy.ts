import type { InstancePolicy, Locality } from './instance.js';

type Fields = Readonly<Record<string, unknown>>;

export interface ReadPolicy {
  readonly said: InstancePolicy;
  /** Unreadable values, for people. */
  readonly remarks: readonly string[];
}

/**
 * What an instance says of how its service is to be treated.
 * @param fields its metadata, or what stands beside its weight: `slow_start` and `fail_timeout` in seconds,
 *   `max_fails`, `checkurl` (the path of a health check); anything else is passed over
 */
export function readPolicy(fields: Fields): ReadPolicy {
  const remarks: string[] = [];
  const number = (name: string): number | undefined => {
    const given = fields[name];
    if (given === undefined || given === null || given === '') return undefined;
    const value = typeof given === 'number' || typeof given === 'string' ? Number(given) : Number.NaN;
    if (Number.isFinite(value) && value >= 0) return value;
    remarks.push(`${name} is no number from 0 up and is ignored`);
    return undefined;
  };
  const slowStartSeconds = number('slow_start');
  const maxFails = number('max_fails');
  const failTimeoutSeconds = number('fail_timeout');
  const { checkurl } = fields;
  // Envoy refuses a path with a line break in it.
  const path = typeof checkurl === 'string' && /^\/[\x21-\x7e]*$/.test(checkurl);
  if (!path && checkurl !== undefined && checkurl !== null && checkurl !== '')
    remarks.push('checkurl is no path that begins with "/" and is ignored');
  return {
    said: {
      ...(slowStartSeconds !== undefined && { slowStartSeconds }),
      ...(path && { healthCheckPath: checkurl }),
      ...(maxFails !== undefined && { maxFails }),
      ...(failTimeoutSeconds !== undefined && { failTimeoutSeconds }),
    },
    remarks,
  };
}

/** Where an instance runs, as its metadata say it: `region`, `zone`, `sub_zone`. */
export function readLocality(fields: Fields): Locality {
  const text = (name: 'region' | 'zone' | 'sub_zone'): Locality => {
    const given = fields[name];
    return typeof given === 'string' && given !== '' ? { [name]: given } : {};
  };
  return { ...text('region'), ...text('zone'), ...text('sub_zone') };
}
