import type { SignalboxError } from '../../errors.js';
import type { HttpAnswer } from '../http/http-client.js';

export interface KvEntry {
  readonly key: string;
  /** Base64; null for an empty value. */
  readonly value: string | null;
}

/** What a query of the KV store found. */
export interface KvAnswer {
  readonly entries: readonly KvEntry[];
  readonly index: number;
}

/** Which statuses are answers: Consul says 404 where no key matches, and that is data. */
export const isKvStatus = (status: number) => status === 200 || status === 404;

/** `X-Consul-Index`; undefined where there is none that is a number. */
export function indexOf(answer: HttpAnswer): number | undefined {
  const header = answer.headers['x-consul-index'] ?? '';
  return /^\d+$/.test(header) ? Number(header) : undefined;
}

/** @throws SignalboxError where the answer does not say what stands in the store */
export function readKvAnswer(answer: HttpAnswer): KvAnswer {
  const index = indexOf(answer);
  // Without an index a 404 may be anybody's; taken for an empty list it would remove every service.
  if (index === undefined) throw answer.errors.badAnswer('no X-Consul-Index: this is no KV store of Consul');
  const entries = answer.status === 404 ? [] : readEntries(answer.json(), answer);
  if (entries.length === 0 && answer.headers['x-consul-results-filtered-by-acls'] === 'true') {
    throw answer.errors.refused('the token may not read these keys');
  }
  return { entries, index };
}

/**
 * The index of the next blocking query.
 * @returns 0 where the next query must not block
 * @see https://developer.hashicorp.com/consul/api-docs/features/blocking#implementation-details
 */
export function nextIndex(previous: number, current: number): number {
  return current < previous ? 0 : Math.max(1, current);
}

function readEntries(list: unknown, answer: HttpAnswer): readonly KvEntry[] {
  const wrong = (): SignalboxError => answer.errors.badAnswer('this is no list of keys and values');
  if (!Array.isArray(list)) throw wrong();
  return list.map((item: unknown) => {
    if (typeof item !== 'object' || item === null || !('Key' in item) || !('Value' in item)) throw wrong();
    const { Key: key, Value: value } = item;
    if (typeof key !== 'string' || (typeof value !== 'string' && value !== null)) throw wrong();
    return { key, value };
  });
}
