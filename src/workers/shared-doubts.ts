import { Doubts, type NodeDoubt } from '../xds/doubts.js';
import { NameTable } from '../xds/name-set.js';
import { DoubtFeed } from './doubt-feed.js';

/** What is in doubt of the proxies of all workers: each worker is told what came into doubt at the others. */
export class SharedDoubts {
  readonly #doubts = new Doubts(new NameTable());
  readonly #feeds = new Set<DoubtFeed>();

  /** A worker listens from now on. It is told everything so far. @param send takes a message for it */
  join(send: (doubts: readonly NodeDoubt[]) => void): DoubtFeed {
    const feed = new DoubtFeed((node) => this.#doubts.told(node), send);
    this.#feeds.add(feed);
    for (const node of this.#doubts.nodes) feed.add(node);
    return feed;
  }

  /** The worker of this feed has ended. */
  leave(feed: DoubtFeed): void {
    this.#feeds.delete(feed);
  }

  /** A worker has told these. */
  learn(doubts: readonly NodeDoubt[], from: DoubtFeed | undefined): void {
    for (const doubt of doubts) {
      if (!this.#doubts.learn(doubt)) continue;
      for (const feed of this.#feeds) if (feed !== from) feed.add(doubt.node);
    }
  }
}
