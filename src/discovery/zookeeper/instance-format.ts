import { splitAddress } from '../../model/host.js';
import { badValue, mapEntry, type ReadInstance } from '../../model/read-entry.js';
import { isCuratorInstance, readCuratorInstance } from './curator-format.js';
import { readInstanceZnode } from './json-format.js';
import { parseRecord } from './json-record.js';
import type { ZooKeeperFormat } from './options.js';

/**
 * Reads a child of a service's znode.
 * @returns undefined for what is no instance and does not try to be one: a folder, a note
 */
export function readChild(
  format: ZooKeeperFormat,
  name: string,
  text: string,
  defaultWeight: number,
): ReadInstance | undefined {
  return mapEntry(name, text, () => readText(format, name, text, defaultWeight));
}

function readText(
  format: ZooKeeperFormat,
  name: string,
  text: string,
  defaultWeight: number,
): ReadInstance | undefined {
  if (format === 'json') return readInstanceZnode(name, text, defaultWeight);
  const record = parseRecord(text);
  if (record !== undefined && isCuratorInstance(record)) return readCuratorInstance(record, defaultWeight);
  if (format === 'curator' || format === 'spring')
    return badValue(name, 'the data is no instance of Curator');
  if (format === 'auto' && (splitAddress(name) !== undefined || (record !== undefined && 'host' in record))) {
    return readInstanceZnode(name, text, defaultWeight);
  }
  return text.trimStart().startsWith('{')
    ? badValue(name, 'the data is no instance of a known format')
    : undefined;
}
