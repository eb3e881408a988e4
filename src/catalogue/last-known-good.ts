import { createHash } from 'node:crypto';
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import type { ServiceKey, ServiceState } from '../discovery/source.js';

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
    const aside = `${path}.damaged`;
    renameSync(path, aside);
    return { damaged: 'its checksum does not fit its content', aside };
  }
  const { at, servers } = JSON.parse(body) as Content;
  return { found: new Map(servers), at };
}

function checksum(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
