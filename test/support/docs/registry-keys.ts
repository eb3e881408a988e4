import { readKvInstance } from '../../../src/discovery/consul-kv/kv-instance.js';
import { readEntry } from '../../../src/discovery/etcd/service-entry.js';
import type { ReadInstance } from '../../../src/model/read-instance.js';
import type { Block } from './block.js';

/** How a registry reads a key's last segment and its value. */
export const KEY_READERS: Readonly<Record<string, (entry: string, value: string) => ReadInstance>> = {
  consul_kv: (entry, value) => readKvInstance(entry, Buffer.from(value).toString('base64'), 1),
  etcd: (entry, value) => readEntry(entry, value, 1),
};

/** What a registry has to say of the keys that a page shows, one `KEY  VALUE` a line. Empty: all are instances. */
export function remarksOnKeys(block: Block): readonly string[] {
  const read = KEY_READERS[block.options.get('keys') ?? ''];
  return block.text
    .trim()
    .split('\n')
    .flatMap((line) => {
      const [key = '', value = ''] = line.split(/\s{2,}/);
      const { instance, filtered } = read?.(key.slice(key.lastIndexOf('/') + 1), value) ?? {};
      // Taken out by what it says is no mistake of the page.
      if (filtered?.reason === 'status') return [];
      if (instance !== undefined) return instance.remarks ?? [];
      return [`${line}: ${filtered?.reason ?? 'unread'}: ${filtered?.detail ?? ''}`];
    });
}
