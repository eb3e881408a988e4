import { isDeepStrictEqual } from 'node:util';
import { isObject, type JsonObject } from '../json-document.js';

/** Default values that APISIX or its dashboard writes, by key. */
export type Defaults = Readonly<Record<string, unknown>>;

/**
 * A document without what says nothing: null, "", [], {} and the defaults of APISIX, at every depth of `given`.
 * @param kept keys whose values mean something even when they are empty, or are somebody else's data
 */
export function withoutNeutral(given: JsonObject, defaults: Defaults = {}, kept = NONE): JsonObject {
  const entries = Object.entries(given).flatMap(([key, value]): [string, unknown][] => {
    if (kept.has(key)) return value === null ? [] : [[key, value]];
    const inner = isObject(value) ? withoutNeutral(value) : value;
    const neutral =
      isEmpty(inner) || (Object.hasOwn(defaults, key) && isDeepStrictEqual(inner, defaults[key]));
    return neutral ? [] : [[key, inner]];
  });
  return Object.fromEntries(entries);
}

const NONE: ReadonlySet<string> = new Set();

function isEmpty(value: unknown): boolean {
  if (value === null || value === '') return true;
  if (Array.isArray(value)) return value.length === 0;
  return isObject(value) && Object.keys(value).length === 0;
}
