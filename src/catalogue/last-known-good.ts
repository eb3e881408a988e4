import { createHash } from 'node:crypto';
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { z } from 'zod';
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

/** Writes what is good, so that a crash at any moment leaves the file before or the file after, whole. */
export function writeLastKnownGood(path: string, state: LastKnownGood, at: number): void {
  const content: Content = { at, servers: [...state] };
  const text = JSON.stringify(content);
  const temporary = `${path}.${process.pid}.new`;
  const file = openSync(temporary, 'w', 0o600);
  try {
    writeSync(file, `${checksum(text)}\n${text}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(temporary, path);
}

/** Reads the file back; one that is not what was written is set aside, so that it can be looked at. */
export function readLastKnownGood(path: string): ReadLastKnownGood {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') return { missing: true };
    throw thrown;
  }
  const [sum, body = ''] = text.split('\n');
  if (sum !== checksum(body)) {
    return setAside(path, 'its checksum does not fit its content');
  }
  // What another version or program wrote may be whole and yet nothing that can be served.
  const read = content.safeParse(JSON.parse(body));
  if (!read.success) return setAside(path, 'it does not say what services there were');
  return { found: new Map(read.data.servers), at: read.data.at };
}

function setAside(path: string, damaged: string): ReadLastKnownGood {
  const aside = `${path}.damaged`;
  renameSync(path, aside);
  return { damaged, aside };
}

function checksum(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
