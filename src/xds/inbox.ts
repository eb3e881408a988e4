import type { Steps } from '../snapshot/steps.js';
import type { Turns } from './turns.js';

/**
 * Why requests wait: nothing is published yet, an earlier one is being worked on, the stream has had its share, it is
 * not time for the next one.
 */
export type Hold = 'unpublished' | 'working' | 'limit' | 'interval';

interface Reader {
  /** Reads no further requests until `resume`. What is under way may still come. */
  pause(): void;
  resume(): void;
  /** The work that a request makes; undefined where it was little, and is done. */
  work(request: Uint8Array): Steps<void> | undefined;
  /** So many milliseconds went into a request after it was taken: until then whoever brings it measures. */
  worked(milliseconds: number): void;
  /** So many bytes are kept of a request until it is done. @returns whether they may be */
  hold(bytes: number): boolean;
  /** Not any more. */
  release(bytes: number): void;
}

/** The requests of one stream, each taken when the one before it is done. Long ones take turns with other work. */
export class Inbox {
  readonly #holds = new Set<Hold>();
  #waiting: Uint8Array[] = [];
  #ended = false;

  constructor(
    private readonly reader: Reader,
    private readonly turns: Turns,
  ) {}

  /** A request has come. */
  take(request: Uint8Array): void {
    if (this.#holds.size === 0) this.#begin(request);
    else if (this.reader.hold(request.length)) this.#waiting.push(request);
  }

  /** A request that was taken is to wait before all others. */
  putBack(request: Uint8Array): void {
    if (this.reader.hold(request.length)) this.#waiting.unshift(request);
  }

  /** Takes no requests until {@link release}. */
  hold(why: Hold): void {
    if (this.#holds.size === 0) this.reader.pause();
    this.#holds.add(why);
  }

  release(why: Hold): void {
    if (!this.#holds.delete(why)) return;
    this.#next();
    if (this.#holds.size === 0 && !this.#ended) this.reader.resume();
  }

  /** The stream has ended: what waits is not done any more. */
  end(): void {
    this.#ended = true;
    this.#waiting = [];
  }

  #next(): void {
    while (this.#holds.size === 0) {
      const request = this.#waiting.shift();
      if (request === undefined) return;
      this.reader.release(request.length);
      this.#measured(() => this.#begin(request));
    }
  }

  #begin(request: Uint8Array): void {
    const work = this.reader.work(request);
    if (work === undefined || this.#step(work) || !this.reader.hold(request.length)) return;
    this.hold('working');
    this.turns.add(() => {
      if (!this.#measured(() => this.#step(work))) return false;
      this.reader.release(request.length);
      this.release('working');
      return true;
    });
  }

  #step(work: Steps<void>): boolean {
    return this.#ended || work.next().done === true;
  }

  #measured<Result>(run: () => Result): Result {
    const began = performance.now();
    const result = run();
    this.reader.worked(performance.now() - began);
    return result;
  }
}
