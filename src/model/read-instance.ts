import { textOf } from '../text-of.js';
import { canonicalHost } from './host.js';
import { addressOf, type FilteredInstance, type FilterReason, type Instance } from './instance.js';
import { readLocality, readPolicy } from './instance-policy.js';
import { mapEntry, placeOf, type ReadInstance, shortText } from './read-entry.js';
import { readSpokenProtocol, readSwitch } from './spoken-protocol.js';

export type { ReadInstance } from './read-entry.js';

/** An instance as a registry gives it, before anything is believed. */
export interface RawInstance {
  readonly host: unknown;
  readonly port: unknown;
  readonly weight?: unknown;
  readonly metadata?: unknown;
  /** Options that stand beside the weight, before those of the metadata, and the switches `enabled` and `disabled`. */
  readonly beside?: Readonly<Record<string, unknown>>;
  /** Options that stand in texts such as Consul's tags, behind those of the metadata. */
  readonly behind?: Readonly<Record<string, unknown>>;
  /** `down` and its like take the instance out; `degraded` has it served when too few others are left. */
  readonly status?: unknown;
  /** Consul KV's: false or "false" takes the instance out. */
  readonly check_status?: unknown;
  /** Set by a registry whose own rule (health, enabled) says no. */
  readonly down?: { readonly reason: FilterReason; readonly detail: string };
  /** Harmless oddities, for people. */
  readonly remarks?: readonly string[];
  /** What the registry itself says; where it is silent, the metadata count. */
  readonly extra?: Pick<Instance, 'secure' | 'secureBy' | 'locality' | 'cluster' | 'health'>;
}

const DOWN = new Set(['down', 'critical', 'unhealthy', 'disabled', 'out_of_service', 'offline', 'draining']);

/**
 * Checks one instance by the rules that all registries share, whatever it holds.
 * @param defaultWeight the registry's `weight` option: what counts where there is no weight or one that is no number
 */
export function readInstance(raw: RawInstance, defaultWeight: number): ReadInstance {
  const address = () => placeOf(raw.host, raw.port);
  return mapEntry(address, raw, () => checkInstance(raw, defaultWeight));
}

/** The same for an instance out of an entry that {@link mapEntry} has measured, and that it is mapped by. */
export function checkInstance(raw: RawInstance, defaultWeight: number): ReadInstance {
  const refuse = (reason: FilterReason, detail: string): ReadInstance => ({
    filtered: { address: placeOf(raw.host, raw.port), reason, detail },
  });

  const host = typeof raw.host === 'string' ? canonicalHost(raw.host) : undefined;
  if (host === undefined)
    return refuse('bad_address', `"${shortText(raw.host)}" is no IP address and no host name`);
  const port = wholeNumber(raw.port);
  if (port === undefined || port < 1 || port > 65535) {
    return refuse('bad_port', `"${shortText(raw.port)}" is no port from 1 to 65535`);
  }

  const weight = readWeight(raw.weight, defaultWeight);
  if (weight.value < 0) return refuse('bad_weight', `weight ${weight.value} is negative`);
  const off = switchedOff(raw.beside);
  if (off !== undefined) return refuse('disabled', off);
  if (raw.down !== undefined) return refuse(raw.down.reason, raw.down.detail);
  if (raw.check_status === false || textOf(raw.check_status).toLowerCase() === 'false') {
    return refuse('check_status', 'check_status is false');
  }
  if (typeof raw.status === 'string' && DOWN.has(raw.status.toLowerCase())) {
    return refuse('status', `status is "${raw.status}"`);
  }
  if (weight.value === 0) return refuse('weight_zero', 'weight is 0');

  const fields = isFields(raw.metadata) ? raw.metadata : {};
  const options = { ...stated(raw.behind), ...stated(fields), ...stated(raw.beside) };
  const { locality: ownLocality, ...extra } = raw.extra ?? {};
  const locality = { ...readLocality(fields), ...ownLocality };
  const { said, remarks } = readPolicy(options);
  const { tls, http2, ...spoken } = readSpokenProtocol(options, port);
  const policy = { ...said, ...(http2 === true && { http2 }) };
  const odd = [
    raw.remarks ?? [],
    weight.remark ?? [],
    metadataRemark(raw.metadata) ?? [],
    remarks,
    spoken.remarks,
  ].flat();
  const degraded = typeof raw.status === 'string' && raw.status.toLowerCase() === 'degraded';
  return {
    instance: {
      host,
      port,
      weight: weight.value,
      metadata: readMetadata(fields),
      ...(degraded && { health: 'DEGRADED' }),
      ...(tls?.secure === true && { secure: true, secureBy: tls.by }),
      ...extra,
      ...(Object.keys(locality).length > 0 && { locality }),
      ...(Object.keys(policy).length > 0 && { policy }),
      ...(odd.length > 0 && { remarks: odd }),
    },
  };
}

/** Reads `host:port` pairs' duplicates out: the first one of an address stays. */
export function withoutDuplicates(instances: readonly Instance[]): {
  readonly instances: readonly Instance[];
  readonly filtered: readonly FilteredInstance[];
} {
  const seen = new Set<string>();
  const filtered: FilteredInstance[] = [];
  const kept = instances.filter((instance) => {
    const address = addressOf(instance);
    if (seen.has(address)) {
      filtered.push({ address, reason: 'duplicate', detail: 'the same host and port came before' });
      return false;
    }
    seen.add(address);
    return true;
  });
  return { instances: kept, filtered };
}

function readWeight(weight: unknown, fallback: number): { readonly value: number; readonly remark?: string } {
  if (weight === undefined || weight === null) return { value: fallback };
  const text = typeof weight === 'string' ? weight.trim() : weight;
  const value =
    typeof text === 'number' ? text : typeof text === 'string' && text !== '' ? Number(text) : Number.NaN;
  if (Number.isFinite(value)) return { value };
  return { value: fallback, remark: `weight "${shortText(weight)}" is no number; ${fallback} is used` };
}

/** Why an instance is out by the switches that stand beside its weight, in words. */
function switchedOff({ enabled, disabled }: Readonly<Record<string, unknown>> = {}): string | undefined {
  if (readSwitch(disabled) === true) return 'disabled is true';
  return readSwitch(enabled) === false ? 'enabled is false' : undefined;
}

/** Removes neutral values, so that they do not hide metadata. */
function stated(fields: Readonly<Record<string, unknown>> = {}): Readonly<Record<string, unknown>> {
  const entries = Object.entries(fields);
  return Object.fromEntries(
    entries.filter(([, value]) => value !== undefined && value !== null && value !== ''),
  );
}

function metadataRemark(metadata: unknown): string | undefined {
  if (metadata === undefined || metadata === null || isFields(metadata)) return undefined;
  return `metadata "${shortText(metadata)}" is no map and is ignored`;
}

function isFields(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function readMetadata(metadata: Readonly<Record<string, unknown>>): Readonly<Record<string, string>> {
  const entries = Object.entries(metadata).filter(([, value]) => value !== null && value !== undefined);
  return Object.fromEntries(
    entries.map(([key, value]): [string, string] => [
      key,
      typeof value === 'object' ? JSON.stringify(value) : String(value),
    ]),
  );
}

function wholeNumber(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isInteger(value) ? value : undefined;
  return typeof value === 'string' && /^[0-9]{1,9}$/.test(value) ? Number(value) : undefined;
}
