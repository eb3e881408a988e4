import type { Group } from '../snapshot/cache.js';
import type { ProxyNode } from './node.js';
import type { Response } from './response.js';

/** A proxy and the group whose snapshot it gets. */
export interface KnownProxy {
  readonly node: ProxyNode;
  readonly group: Group;
}

/**
 * Resources that a proxy says it has: names and versions. The version is empty where it does not say which, and the name
 * is `*` where it may have any.
 */
export type ReportedVersions = readonly (readonly [name: string, version: string])[];

/** Told of what goes over the streams; called for every response to every proxy, so it must cost next to nothing. */
export interface XdsObserver {
  /** @param bytes of the response */
  sent?(typeUrl: string, bytes: number): void;
  acknowledged?(response: Response, proxy: KnownProxy): void;
  /** @param message what the proxy says of the reason */
  rejected?(response: Response, message: string, proxy: KnownProxy): void;
  /** A proxy returned with these versions. Equal reports of a group are passed on once. */
  reported?(typeUrl: string, versions: ReportedVersions, proxy: KnownProxy): void;
  /** A proxy accepted a response after rejecting one of this type, or disconnected. */
  settled?(typeUrl: string, proxy: KnownProxy): void;
}

/** Tells several observers of everything. */
export function allOf(...observers: readonly XdsObserver[]): Required<XdsObserver> {
  return {
    sent: (...told) => {
      for (const observer of observers) observer.sent?.(...told);
    },
    acknowledged: (...told) => {
      for (const observer of observers) observer.acknowledged?.(...told);
    },
    rejected: (...told) => {
      for (const observer of observers) observer.rejected?.(...told);
    },
    reported: (...told) => {
      for (const observer of observers) observer.reported?.(...told);
    },
    settled: (...told) => {
      for (const observer of observers) observer.settled?.(...told);
    },
  };
}
