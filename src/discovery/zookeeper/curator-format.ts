import type { ReadInstance } from '../../model/read-entry.js';
import { checkInstance } from '../../model/read-instance.js';
import { statedPort } from '../../model/stated-port.js';
import { textOf } from '../../text-of.js';
import { isRecord, type JsonRecord } from './json-record.js';

/** Whether a record is a service instance of Apache Curator, which Spring Cloud and Dubbo 3 register as well. */
export function isCuratorInstance(record: JsonRecord): boolean {
  return 'address' in record && ('id' in record || 'name' in record);
}

/**
 * Reads an instance such as `{"name":"user","id":"…","address":"10.0.0.1","port":80,"sslPort":null,"payload":{…}}`.
 * Spring Cloud's and Dubbo's payload has its metadata under `metadata`; any other object is metadata itself.
 */
export function readCuratorInstance(record: JsonRecord, defaultWeight: number): ReadInstance {
  const metadata = readPayload(record.payload);
  const status = metadata.instance_status ?? '';
  const down =
    status !== '' && textOf(status).toUpperCase() !== 'UP'
      ? ({ reason: 'status', detail: `instance_status is "${textOf(status)}"` } as const)
      : undefined;
  const sslPort = statedPort(record.sslPort);
  return checkInstance(
    {
      host: record.address,
      port: sslPort ?? statedPort(record.port) ?? null,
      weight: metadata.weight,
      metadata,
      // A missing `enabled` means true: Curator wrote none before 4.3.
      beside: { enabled: record.enabled, disabled: record.disabled },
      ...(down !== undefined && { down }),
      ...(sslPort !== undefined && { extra: { secure: true, secureBy: `sslPort=${textOf(sslPort)}` } }),
    },
    defaultWeight,
  );
}

function readPayload(payload: unknown): JsonRecord {
  if (!isRecord(payload)) return typeof payload === 'string' && payload !== '' ? { payload } : {};
  if (isRecord(payload.metadata)) return payload.metadata;
  const { '@class': _, ...own } = payload;
  return own;
}
