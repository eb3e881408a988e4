import type { IKeyValue } from 'etcd3';
import { SignalboxError } from '../../errors.js';
import { isOutOfRange } from './failure.js';
import { after, type KeyRange } from './key-range.js';
import type { EtcdLink } from './link.js';

/** All keys of a range as of one revision. */
export interface Listing {
  readonly keys: readonly IKeyValue[];
  readonly revision: string;
}

/** How a range is read. */
export interface ListOptions {
  /** Keys in one answer. */
  readonly pageSize: number;
  /** The most bytes of all keys and values together. */
  readonly maxAnswer: number;
}

/**
 * Reads a range page by page, every page at the revision of the first; anew where that is compacted meanwhile.
 * @throws SignalboxError `registry_bad_answer` where the range is too large
 */
export async function list(link: EtcdLink, range: KeyRange, options: ListOptions): Promise<Listing> {
  for (;;) {
    try {
      return await listOnce(link, range, options);
    } catch (thrown) {
      if (!isOutOfRange(thrown)) throw thrown;
    }
  }
}

async function listOnce(
  link: EtcdLink,
  range: KeyRange,
  { pageSize, maxAnswer }: ListOptions,
): Promise<Listing> {
  let page = await link.range(range, pageSize);
  const { revision } = page.header;
  const keys = page.kvs;
  let bytes = sizeOf(page.kvs);
  for (let last = keys.at(-1); page.more && last !== undefined; last = page.kvs.at(-1)) {
    page = await link.range({ start: after(last.key), end: range.end }, pageSize, revision);
    bytes += sizeOf(page.kvs);
    if (bytes > maxAnswer)
      throw new SignalboxError(
        'registry_bad_answer',
        `etcd at ${link.server}: all keys under the prefix are larger than max_answer, ${maxAnswer} bytes`,
      );
    for (const entry of page.kvs) keys.push(entry);
  }
  return { keys, revision };
}

function sizeOf(entries: readonly IKeyValue[]): number {
  return entries.reduce((sum, { key, value }) => sum + key.length + value.length, 0);
}
