import { readJson as readBounded } from '../base/data-bounds.js';
import { messageOf } from '../errors.js';

export type JsonObject = Readonly<Record<string, unknown>>;

export type ReadJson =
  | { readonly value: JsonObject; readonly rejected?: undefined }
  | { readonly rejected: string; readonly value?: undefined };

/** The JSON object of a document, which is within the bounds of an entry. */
export function readJson(text: string): ReadJson {
  const { value, problem } = readBounded(text);
  if (problem !== undefined) return { rejected: `the document ${problem}` };
  return isObject(value) ? { value } : { rejected: 'the document is not a JSON object' };
}

/** The same of a document that holds secrets: what is wrong is said without an excerpt. */
export function readSecretJson(text: string): ReadJson {
  const read = readJson(text);
  const what = 'the document is not valid JSON';
  return read.rejected?.startsWith(what) === true ? { rejected: what } : read;
}

/**
 * Maps a document. This is where a document comes to cost itself alone, for every store: whatever is thrown over it is
 * why it is rejected.
 * @param rejected what becomes of the document then
 */
export function mapDocument<T>(map: () => T, rejected: (reason: string) => T): T {
  try {
    return map();
  } catch (thrown) {
    return rejected(messageOf(thrown));
  }
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
