import type { Logger } from 'pino';
import type { SnapshotCache } from '../snapshot/cache.js';
import type { Snapshot } from '../snapshot/snapshot.js';
import type { Doubts } from './doubts.js';
import type { Limits } from './limits.js';
import type { XdsObserver } from './observer.js';
import type { IdentityDependencies } from './proxy-identity.js';
import type { Reports } from './reports.js';
import type { RequestReader } from './request.js';
import type { Shared } from './stream-state.js';
import type { WithheldTtls } from './ttl.js';
import type { Turns } from './turns.js';

/** The dependencies that all streams of a server share. */
export interface StreamDependencies extends IdentityDependencies {
  readonly cache: SnapshotCache;
  readonly shared: Shared;
  readonly doubts: Doubts;
  readonly reader: RequestReader;
  readonly turns: Turns;
  readonly limits: Limits;
  /** Whether there may be resources of a type though a snapshot has none. */
  readonly serves: (typeUrl: string, snapshot: Snapshot) => boolean;
  /** Ends a peer's connection at once. */
  readonly cut: (peer: string) => void;
  readonly logger: Logger;
  readonly observer: Required<XdsObserver>;
  readonly reports: Reports;
  readonly reportsTaken: (() => Promise<void>) | undefined;
  readonly withheldTtls: WithheldTtls;
}
