import type { BlockingQuery } from './blocking-query.js';
import type { CatalogMapping } from './catalog-mapping.js';
import type { CatalogServer } from './catalog-server.js';
import type { Publication } from './publication.js';

/** What following a catalogue takes, in one way or the other. */
export interface Follow {
  readonly server: CatalogServer;
  readonly mapping: CatalogMapping;
  readonly publication: Publication;
  /** The list of the services' names, once taken. */
  readonly names: BlockingQuery<ReadonlySet<string>>;
  /** Queries wait at the server; false where it is polled. */
  readonly blocks: boolean;
  /** Rejects when the server goes silent. */
  readonly silent: Promise<never>;
  /** Waits where changes come faster than they should be read. */
  readonly pace: () => Promise<void>;
  readonly signal: AbortSignal;
}
