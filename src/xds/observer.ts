/** Told of what goes over the streams; called for every response to every proxy, so it must cost next to nothing. */
export interface XdsObserver {
  /** @param bytes of the response */
  sent(typeUrl: string, bytes: number): void;
  acknowledged(typeUrl: string): void;
  rejected(typeUrl: string): void;
}

export const UNOBSERVED: XdsObserver = { sent: () => {}, acknowledged: () => {}, rejected: () => {} };
