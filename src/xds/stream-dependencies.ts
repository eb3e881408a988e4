import type { Logger } from 'pino';
import type { SnapshotCache } from '../snapshot/cache.js';
import type { Doubts } from './doubts.js';
import type { Limits } from './limits.js';
import type { XdsObserver } from './observer.js';
import type { IdentityDependencies } from './proxy-identity.js';
import type { RequestReader } from './request.js';
import type { Shared } from './stream-state.js';
import type { Turns } from './turns.js';

/** What all streams of a server have in common. */
export interface StreamDependencies extends IdentityDependencies {
  readonly cache: SnapshotCache;
  readonly shared: Shared;
  readonly doubts: Doubts;
  readonly reader: RequestReader;
  readonly turns: Turns;
  readonly limits: Limits;
  /** Types beside Envoy's of which there may be resources though there are none now. */
  readonly types: ReadonlySet<string>;
  /** Ends a peer's connection at once. */
  readonly cut: (peer: string) => void;
  readonly logger: Logger;
  readonly observer: XdsObserver;
}
