import { MOST_OF_DOCUMENT } from '../document-bounds.js';
import type { JsonObject } from '../json-document.js';
import type { Reasons } from './reasons.js';

/** `hosts`, or the one `host`: names, and `*.example.com`. */
export function readHosts({ host, hosts }: JsonObject, reasons: Reasons): readonly string[] | undefined {
  const given = hosts ?? (host === undefined ? undefined : [host]);
  if (given === undefined) return undefined;
  if (Array.isArray(given) && given.length > MOST_OF_DOCUMENT) {
    reasons.add(`it has ${given.length} hosts, and ${MOST_OF_DOCUMENT} is the most`);
    return undefined;
  }
  if (Array.isArray(given) && given.length > 0 && given.every((name) => typeof name === 'string'))
    return given.map((name) => name.toLowerCase());
  reasons.add('"hosts" is no list of names');
  return undefined;
}
