import { z } from 'zod';
import { check } from '../../config/schema-problems.js';
import { badValue, mapEntry, placeOf, type ReadInstance, shortText } from '../../model/read-entry.js';
import { checkInstance, withoutDuplicates } from '../../model/read-instance.js';
import { readSwitch } from '../../model/spoken-protocol.js';
import { suggestion } from '../../suggestion.js';
import type { ServiceState } from '../source.js';

const place = z.string().optional();

const fileInstance = z.object({
  host: z.unknown().optional(),
  port: z.unknown().optional(),
  weight: z.unknown().optional(),
  metadata: z.record(z.string(), z.unknown()).nullish(),
  status: z.unknown().optional(),
  locality: z.strictObject({ region: place, zone: place, sub_zone: place }).optional(),
  secure: z
    .unknown()
    .refine((value) => readSwitch(value) !== 'unclear', 'expected true or false')
    .optional(),
});

const KNOWN = Object.keys(fileInstance.shape);

/** Reads the list of one service. */
export function readFileService(items: readonly unknown[], defaultWeight: number): ServiceState {
  const reads = items.map((item) => readFileInstance(item, defaultWeight));
  const unique = withoutDuplicates(reads.flatMap(({ instance }) => instance ?? []));
  return {
    instances: unique.instances,
    filtered: [...reads.flatMap(({ filtered }) => filtered ?? []), ...unique.filtered],
  };
}

/** Reads one item of a services file. */
export function readFileInstance(item: unknown, defaultWeight: number): ReadInstance {
  return mapEntry(
    () => addressOf(item),
    item,
    () => readItem(item, defaultWeight),
  );
}

/** The keys of an item that have no meaning, in words. */
export function unknownKeys(item: unknown): readonly { readonly key: string; readonly message: string }[] {
  if (!isRecord(item)) return [];
  return Object.keys(item)
    .filter((key) => !KNOWN.includes(key))
    .map((key, index) => ({ key, message: `unknown key "${key}"${suggestion(key, KNOWN, index)}` }));
}

function readItem(item: unknown, defaultWeight: number): ReadInstance {
  if (!isRecord(item)) return badValue(addressOf(item), 'expected a mapping with "host" and "port"');
  const unknown = unknownKeys(item).map(({ message }) => message);
  const missing = missingKeys(item);
  if (missing !== undefined) {
    const reason = isStated(item.host) ? 'bad_port' : 'bad_address';
    return { filtered: { address: addressOf(item), reason, detail: [missing, ...unknown].join('; ') } };
  }
  const read = check(fileInstance, item);
  if (read.value === undefined) {
    const detail = read.problems.map(({ path, message }) => [...path, message].join(': ')).join('; ');
    return badValue(addressOf(item), detail);
  }
  const { host, port, weight, metadata, status, locality, secure } = read.value;
  return checkInstance(
    {
      host,
      port,
      weight,
      metadata,
      status,
      beside: { secure },
      remarks: unknown,
      ...(locality !== undefined && { extra: { locality: stated(locality) } }),
    },
    defaultWeight,
  );
}

/** Describes the required keys that an instance lacks. */
function missingKeys(item: Readonly<Record<string, unknown>>): string | undefined {
  const missing = ['host', 'port'].filter((key) => !isStated(item[key]));
  if (missing.length === 0) return undefined;
  const names = missing.map((key) => `"${key}"`).join(' and ');
  return `${names} ${missing.length === 1 ? 'is' : 'are'} missing`;
}

function isStated(value: unknown): boolean {
  return value !== undefined && value !== null && value !== '';
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function stated(locality: z.output<typeof fileInstance.shape.locality> & object) {
  const { region, zone, sub_zone } = locality;
  return {
    ...(region !== undefined && { region }),
    ...(zone !== undefined && { zone }),
    ...(sub_zone !== undefined && { sub_zone }),
  };
}

function addressOf(item: unknown): string {
  return isRecord(item) && 'host' in item && 'port' in item ? placeOf(item.host, item.port) : shortText(item);
}
