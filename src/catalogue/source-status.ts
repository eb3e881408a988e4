import type { SignalboxError } from '../errors.js';
import type { FilterReason } from '../model/instance.js';
import type { HeldLoss } from './mass-loss.js';
import { type FailingServices, NONE_FAILING } from './service-failures.js';

/** What `/registries` shows of one source. */
export interface SourceStatus {
  readonly registry: string;
  readonly server: string;
  /** `waiting` until the first answer; `failing` while the last query failed: what was good is still served. */
  readonly state: 'waiting' | 'synced' | 'failing' | 'left_out';
  readonly services: number;
  readonly instances: number;
  readonly filtered: number;
  readonly filteredBy: Readonly<Partial<Record<FilterReason, number>>>;
  /** How many queries have failed. */
  readonly failures: number;
  /** Milliseconds since the epoch. */
  readonly lastSuccess: number | undefined;
  readonly lastError: { readonly at: number; readonly code: string; readonly message: string } | undefined;
  /** The registry's own index or revision. */
  readonly revision: string | undefined;
  /** Instances that are served although the registry has suddenly lost them, see `mass_loss`. */
  readonly held: HeldLoss | undefined;
  /** Services whose own query fails while the registry answers. */
  readonly failingServices: FailingServices;
}

export function waiting(registry: string, server: string): SourceStatus {
  return {
    registry,
    server,
    state: 'waiting',
    services: 0,
    instances: 0,
    filtered: 0,
    filteredBy: {},
    failures: 0,
    lastSuccess: undefined,
    lastError: undefined,
    revision: undefined,
    held: undefined,
    failingServices: NONE_FAILING,
  };
}

export function failing(status: SourceStatus, error: SignalboxError, at: number): SourceStatus {
  return {
    ...status,
    state: status.state === 'left_out' ? 'left_out' : 'failing',
    failures: status.failures + 1,
    lastError: { at, code: error.code, message: error.message },
  };
}
