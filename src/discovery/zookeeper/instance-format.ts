import { splitAddress } from '../../model/host.js';
import type { ReadInstance } from '../../model/read-instance.js';
import { isCuratorInstance, readCuratorInstance } from './curator-format.js';
import { badValue, readInstanceZnode } from './json-format.js';
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
