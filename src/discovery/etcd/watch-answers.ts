import type { IEvent, IWatchResponse } from 'etcd3';

/** What one answer of a watch stream means. */
export type WatchAnswer =
  | { readonly is: 'created' }
  | { readonly is: 'events'; readonly events: readonly IEvent[] }
  /** Nothing happened up to this revision. */
  | { readonly is: 'progress'; readonly revision: string }
  /** More of the same revision is to come. */
  | { readonly is: 'fragment' }
  /** The revision asked for is not to be had any more. */
  | { readonly is: 'compacted'; readonly revision: string }
  | { readonly is: 'refused'; readonly reason: string };

/** Reads the answers of a stream with one watch. Fragments of one revision are put together. */
export class WatchAnswers {
  #fragments: IEvent[] = [];

  read(answer: IWatchResponse): WatchAnswer {
    if (answer.canceled) {
      // A refused watch is created and cancelled in one answer; a compacted one gets no reason.
      return answer.compact_revision !== '0'
        ? { is: 'compacted', revision: answer.compact_revision }
        : { is: 'refused', reason: answer.cancel_reason || 'the watch was cancelled' };
    }
    if (answer.created) return { is: 'created' };
    if (answer.fragment) {
      this.#fragments.push(...answer.events);
      return { is: 'fragment' };
    }
    if (this.#fragments.length > 0) {
      const events = [...this.#fragments, ...answer.events];
      this.#fragments = [];
      return { is: 'events', events };
    }
    return answer.events.length > 0
      ? { is: 'events', events: answer.events }
      : { is: 'progress', revision: answer.header.revision };
  }
}
