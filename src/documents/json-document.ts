import { messageOf } from '../errors.js';

export type JsonObject = Readonly<Record<string, unknown>>;

export type ReadJson =
  | { readonly value: JsonObject; readonly rejected?: undefined }
  | { readonly rejected: string; readonly value?: undefined };

/** The JSON object of a document. */
export function readJson(text: string): ReadJson {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (thrown) {
    return { rejected: `not valid JSON: ${messageOf(thrown)}` };
  }
  return isObject(value) ? { value } : { rejected: 'not a JSON object' };
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
