import { createHash } from 'node:crypto';
import { z } from 'zod';
import { readRegularFile } from '../base/files/regular-file.js';
import { setAside } from '../base/files/replace-file.js';
import type { ServiceKey, ServiceState } from '../discovery/source.js';
import { FILTER_REASONS, type Instance } from '../model/instance.js';

export type ServiceEntries = readonly (readonly [ServiceKey, ServiceState])[];

/** What a registry last said, by server. */
export type LastKnownGood = ReadonlyMap<string, ServiceEntries>;

export type ReadLastKnownGood =
  | { readonly found: LastKnownGood; readonly at: number }
  | { readonly missing: true }
  /** The file was damaged and now lies at `aside`. */
  | { readonly damaged: string; readonly aside: string };

interface Content {
  readonly at: number;
  readonly servers: readonly (readonly [string, ServiceEntries])[];
}

const instance = z.custom<Instance>((value) => instanceShape.safeParse(value).success);
const instanceShape = z.looseObject({
  host: z.string().min(1),
  port: z.number().int().min(1).max(65_535),
  weight: z.number().positive(),
  metadata: z.record(z.string(), z.string()),
});
const filtered = z.object({ address: z.string(), reason: z.enum(FILTER_REASONS), detail: z.string() });
const serviceKey = z
  .object({ service: z.string(), namespace: z.string().optional(), group: z.string().optional() })
  .transform(
    ({ service, namespace, group }): ServiceKey => ({
      service,
      ...(namespace !== undefined && { namespace }),
      ...(group !== undefined && { group }),
    }),
  );
const serviceState = z.object({ instances: z.array(instance), filtered: z.array(filtered) });
const content = z.object({
  at: z.number(),
  servers: z.array(z.tuple([z.string(), z.array(z.tuple([serviceKey, serviceState]))])),
});

/**
 * The content of the file.
 * @param at milliseconds since the epoch
 */
export function lastKnownGoodText(state: LastKnownGood, at: number): string {
  const content: Content = { at, servers: [...state] };
  const text = JSON.stringify(content);
  return `${checksum(text)}\n${text}\n`;
}

/**
 * Reads the file back; one that is not what was written is set aside, so that it can be looked at.
 * @throws SignalboxError `file_unsafe`
 * @throws Error of the file system
 */
export function readLastKnownGood(path: string): ReadLastKnownGood {
  const text = readRegularFile(path)?.toString();
  if (text === undefined) return { missing: true };
  const [sum, body = ''] = text.split('\n');
  if (sum !== checksum(body)) {
    return damaged(path, 'its checksum does not fit its content');
  }
  // What another version or program wrote may be whole and yet nothing that can be served.
  const read = content.safeParse(JSON.parse(body));
  if (!read.success) return damaged(path, 'it does not say what services there were');
  return { found: new Map(read.data.servers), at: read.data.at };
}

function damaged(path: string, why: string): ReadLastKnownGood {
  return { damaged: why, aside: setAside(path) };
}

function checksum(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
