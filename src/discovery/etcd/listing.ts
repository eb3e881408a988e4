import type { IKeyValue } from 'etcd3';
import { isOutOfRange } from './failure.js';
import { after, type KeyRange } from './key-range.js';
import type { EtcdLink } from './link.js';

/** All keys of a range as of one revision. */
export interface Listing {
  readonly keys: readonly IKeyValue[];
  readonly revision: string;
}

/** Reads a range page by page, every page at the revision of the first; anew where that is compacted meanwhile. */
export async function list(link: EtcdLink, range: KeyRange, pageSize: number): Promise<Listing> {
  for (;;) {
    try {
      return await listOnce(link, range, pageSize);
    } catch (thrown) {
      if (!isOutOfRange(thrown)) throw thrown;
    }
  }
}

async function listOnce(link: EtcdLink, range: KeyRange, pageSize: number): Promise<Listing> {
  let page = await link.range(range, pageSize);
  const { revision } = page.header;
  const keys = page.kvs;
  for (let last = keys.at(-1); page.more && last !== undefined; last = page.kvs.at(-1)) {
    page = await link.range({ start: after(last.key), end: range.end }, pageSize, revision);
    for (const entry of page.kvs) keys.push(entry);
  }
  return { keys, revision };
}
