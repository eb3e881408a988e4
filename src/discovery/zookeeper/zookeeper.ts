import type { SignalboxError } from '../../errors.js';

/** What stands at a path, or why that cannot be said. */
export type Found<T> =
  | {
      readonly kind: 'found';
      readonly value: T;
      /** The transaction of its last change. */
      readonly zxid: bigint;
    }
  | { readonly kind: 'absent' }
  /** The server does not let us see it, or cannot tell. */
  | { readonly kind: 'failed'; readonly error: SignalboxError };

/**
 * Reads that set a watch: `changed` is called once, when the znode has changed. An absent or unreadable znode has no
 * watch.
 */
export interface ZooKeeper {
  data(path: string, changed: () => void): Promise<Found<string>>;
  children(path: string, changed: () => void): Promise<Found<readonly string[]>>;
  /** As `children`, and an absent znode has a watch too. */
  childrenOnceThere(path: string, changed: () => void): Promise<Found<readonly string[]>>;
}
