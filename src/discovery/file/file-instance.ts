import { z } from 'zod';
import { badValue, mapEntry, placeOf, type ReadInstance, shortText } from '../../model/read-entry.js';
import { checkInstance, withoutDuplicates } from '../../model/read-instance.js';
import { readSwitch } from '../../model/spoken-protocol.js';
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

function readItem(item: unknown, defaultWeight: number): ReadInstance {
  const read = fileInstance.safeParse(item);
  if (!read.success) {
    const detail = read.error.issues.map(({ path, message }) => [...path, message].join(': ')).join('; ');
    return badValue(addressOf(item), detail);
  }
  const { host, port, weight, metadata, status, locality, secure } = read.data;
  const known = Object.keys(fileInstance.shape);
  const unknown = Object.keys(Object(item)).filter((key) => !known.includes(key));
  const result = checkInstance(
    {
      host,
      port,
      weight,
      metadata,
      status,
      beside: { secure },
      ...(locality !== undefined && { extra: { locality: stated(locality) } }),
    },
    defaultWeight,
  );
  if (result.instance === undefined || unknown.length === 0) return result;
  const remark = `unknown keys: ${unknown.join(', ')}`;
  return { instance: { ...result.instance, remarks: [...(result.instance.remarks ?? []), remark] } };
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
  if (typeof item === 'object' && item !== null && 'host' in item && 'port' in item) {
    return placeOf(item.host, item.port);
  }
  return shortText(item);
}
