import type { IEvent, IWatchResponse } from 'etcd3';
import { SignalboxError } from '../../errors.js';

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
  #bytes = 0;

  /** @param most bytes of the keys and values of one revision */
  constructor(private readonly most: number) {}

  /** @throws SignalboxError `registry_bad_answer` where the fragments of one revision are too large */
  read(answer: IWatchResponse): WatchAnswer {
    if (answer.canceled) {
      // A refused watch is created and cancelled in one answer; a compacted one gets no reason.
      return answer.compact_revision !== '0'
        ? { is: 'compacted', revision: answer.compact_revision }
        : { is: 'refused', reason: answer.cancel_reason || 'the watch was cancelled' };
    }
    if (answer.created) return { is: 'created' };
    if (answer.fragment) {
      for (const event of answer.events) {
        this.#bytes += event.kv.key.length + event.kv.value.length;
        this.#fragments.push(event);
      }
      if (this.#bytes > this.most)
        throw new SignalboxError(
          'registry_bad_answer',
          `etcd: the changes of one revision are larger than max_answer, ${this.most} bytes`,
        );
      return { is: 'fragment' };
    }
    if (this.#fragments.length > 0) {
      const events = [...this.#fragments, ...answer.events];
      this.#fragments = [];
      this.#bytes = 0;
      return { is: 'events', events };
    }
    return answer.events.length > 0
      ? { is: 'events', events: answer.events }
      : { is: 'progress', revision: answer.header.revision };
  }
}
