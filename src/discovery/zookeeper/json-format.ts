import { messageOf } from '../../errors.js';
import { splitAddress } from '../../model/host.js';
import { badValue, mapEntry, placeOf, type ReadInstance, shortText } from '../../model/read-entry.js';
import { checkInstance } from '../../model/read-instance.js';
import { isRecord, type JsonRecord } from './json-record.js';

export type ReadPayload =
  | { readonly reads: readonly ReadInstance[]; readonly problem?: undefined }
  | { readonly problem: string; readonly reads?: undefined };

/** Reads a service's own znode: a list of instances such as `{"host":"10.0.0.1","port":80,"weight":1}`, or one alone. */
export function readServicePayload(text: string, defaultWeight: number): ReadPayload {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (thrown) {
    return { problem: messageOf(thrown) };
  }
  if (isRecord(content) && 'host' in content) return { reads: [readItem(content, defaultWeight)] };
  if (!Array.isArray(content))
    return { problem: 'expected a list of instances, or one with "host" and "port"' };
  return { reads: content.map((item: unknown) => readItem(item, defaultWeight)) };
}

function readItem(item: unknown, defaultWeight: number): ReadInstance {
  if (!isRecord(item)) return badValue(shortText(item), 'is no object with "host" and "port"');
  return mapEntry(
    () => placeOf(item.host, item.port),
    item,
    () => fromRecord(item, defaultWeight),
  );
}

/**
 * Reads an instance's own znode. The address is its name `host:port`, or `host` and `port` in its JSON; a bare text is
 * the weight.
 */
export function readInstanceZnode(name: string, text: string, defaultWeight: number): ReadInstance {
  const bare = text.trim() === '' ? {} : { weight: text };
  const content: unknown = /^\s*[{[]/.test(text) ? JSON.parse(text) : bare;
  if (!isRecord(content)) return badValue(name, 'the data is no JSON object');
  if ('host' in content) return fromRecord(content, defaultWeight);
  const address = splitAddress(name);
  if (address !== undefined) return fromRecord({ ...content, ...address }, defaultWeight);
  return {
    filtered: { address: name, reason: 'bad_address', detail: 'neither the name nor the data is an address' },
  };
}

function fromRecord(record: JsonRecord, defaultWeight: number): ReadInstance {
  return checkInstance(
    {
      host: record.host,
      port: record.port,
      weight: record.weight,
      metadata: record.metadata,
      beside: record,
      status: record.status,
      check_status: record.check_status,
    },
    defaultWeight,
  );
}
