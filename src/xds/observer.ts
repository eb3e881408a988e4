import type { ProxyNode } from './node.js';
import type { Response } from './response.js';

/** Told of what goes over the streams; called for every response to every proxy, so it must cost next to nothing. */
export interface XdsObserver {
  /** @param bytes of the response */
  sent(typeUrl: string, bytes: number): void;
  acknowledged(response: Response, node: ProxyNode): void;
  /** @param message what the proxy says of the reason */
  rejected(response: Response, message: string, node: ProxyNode): void;
}

export const UNOBSERVED: XdsObserver = { sent: () => {}, acknowledged: () => {}, rejected: () => {} };

/** Tells several observers of everything. */
export function allOf(...observers: readonly XdsObserver[]): XdsObserver {
  return {
    sent: (typeUrl, bytes) => {
      for (const observer of observers) observer.sent(typeUrl, bytes);
    },
    acknowledged: (response, node) => {
      for (const observer of observers) observer.acknowledged(response, node);
    },
    rejected: (response, message, node) => {
      for (const observer of observers) observer.rejected(response, message, node);
    },
  };
}
