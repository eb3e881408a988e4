import type { FilterReason, Locality } from '../../model/instance.js';
import { badValue, mapEntry, placeOf, type ReadInstance } from '../../model/read-entry.js';
import { checkInstance } from '../../model/read-instance.js';
import { statedPort } from '../../model/stated-port.js';
import { textOf } from '../../text-of.js';
import { isRecord } from './eureka-answer.js';

/** The status by which Eureka counts an instance in its hash. */
export function statusOf(item: unknown): string {
  return isRecord(item) && typeof item.status === 'string' ? item.status.toUpperCase() : 'UNKNOWN';
}

/** Reads one `instance` of Eureka's JSON. */
export function readEurekaInstance(item: unknown, defaultWeight: number): ReadInstance {
  if (!isRecord(item)) return badValue('?', 'the instance is no JSON object');
  const secure = enabledPort(item.securePort);
  // With both enabled the secure one counts, as in APISIX.
  const port = secure ?? enabledPort(item.port) ?? 'none enabled';
  return mapEntry(
    () => placeOf(item.ipAddr, port),
    item,
    () => readRegistration(item, port, secure, defaultWeight),
  );
}

function readRegistration(
  item: Readonly<Record<string, unknown>>,
  port: unknown,
  secure: unknown,
  defaultWeight: number,
): ReadInstance {
  const metadata = readMetadata(item.metadata);
  const locality = localityOf(item, metadata);
  const down = downBy(item);
  return checkInstance(
    {
      host: item.ipAddr,
      port,
      weight: metadata.weight,
      metadata,
      ...(down !== undefined && { down }),
      extra: {
        ...(secure !== undefined && { secure: true, secureBy: `securePort=${textOf(secure)}` }),
        ...(locality !== undefined && { locality }),
      },
    },
    defaultWeight,
  );
}

/** Served is what an operator has put UP, and what is UP of itself and nobody has overridden. */
function downBy(
  item: Readonly<Record<string, unknown>>,
): { readonly reason: FilterReason; readonly detail: string } | undefined {
  const given = item.overriddenStatus ?? item.overriddenstatus;
  const overridden = typeof given === 'string' && given !== '' ? given.toUpperCase() : 'UNKNOWN';
  if (overridden === 'UP') return undefined;
  if (overridden !== 'UNKNOWN') return { reason: 'status', detail: `overridden status is "${overridden}"` };
  const status = statusOf(item);
  return status === 'UP' ? undefined : { reason: 'status', detail: `status is "${status}"` };
}

/** The `$` of `{"$":8080,"@enabled":"true"}`. */
function enabledPort(port: unknown): unknown {
  return isRecord(port) && textOf(port['@enabled']).toLowerCase() === 'true' ? statedPort(port.$) : undefined;
}

/** Without the `@class` by which the server says that its Java map is empty. */
function readMetadata(metadata: unknown): Readonly<Record<string, unknown>> {
  if (!isRecord(metadata)) return {};
  return Object.fromEntries(Object.entries(metadata).filter(([key]) => !key.startsWith('@')));
}

/** The zone that the instance says itself, else the one that a data centre of Amazon gave it. */
function localityOf(
  item: Readonly<Record<string, unknown>>,
  metadata: Readonly<Record<string, unknown>>,
): Locality | undefined {
  const amazon = isRecord(item.dataCenterInfo) ? item.dataCenterInfo.metadata : undefined;
  const zone = metadata.zone ?? (isRecord(amazon) ? amazon['availability-zone'] : undefined);
  return typeof zone === 'string' && zone !== '' ? { zone } : undefined;
}
