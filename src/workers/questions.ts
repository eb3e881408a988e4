import { SignalboxError } from '../errors.js';
import type { Question, Topic, Topics } from './messages.js';

/** Milliseconds that the other side has for an answer. */
const LIMIT = 2_000;

interface Open {
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: SignalboxError) => void;
  readonly timer: NodeJS.Timeout;
}

/** Questions to the process at the other end of a channel, matched with its answers. */
export class Questions {
  readonly #open = new Map<number, Open>();
  #ids = 0;
  #silent = false;

  /** @param other what an error calls the other process */
  constructor(
    private readonly other: string,
    private readonly send: (question: Question) => void,
    private readonly limit = LIMIT,
  ) {}

  /**
   * @returns undefined where the other process has ended
   * @throws SignalboxError `worker_silent` without an answer in time; then at once until something is heard again.
   * `internal` where the other process failed to answer
   */
  async ask<T extends Topic>(
    topic: T,
    question: Topics[T]['question'],
  ): Promise<Topics[T]['answer'] | undefined> {
    if (this.#silent) throw this.#silence();
    this.#ids += 1;
    const id = this.#ids;
    return await new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#silent = true;
        this.#open.delete(id);
        reject(this.#silence());
      }, this.limit);
      this.#open.set(id, { resolve: (answer) => resolve(answer as Topics[T]['answer']), reject, timer });
      this.send({ kind: 'question', id, topic, question } as Question);
    });
  }

  /** Something came from the other process. */
  heard(): void {
    this.#silent = false;
  }

  answered(id: number, answer: unknown): void {
    this.#end(id)?.resolve(answer);
  }

  /** The other process failed to answer. */
  failed(id: number, reason: string): void {
    this.#end(id)?.reject(new SignalboxError('internal', `${this.other} failed to answer: ${reason}`));
  }

  /** The other process has ended. */
  close(): void {
    for (const id of [...this.#open.keys()]) this.answered(id, undefined);
  }

  #end(id: number): Open | undefined {
    const open = this.#open.get(id);
    clearTimeout(open?.timer);
    this.#open.delete(id);
    return open;
  }

  #silence(): SignalboxError {
    return new SignalboxError('worker_silent', `${this.other} does not answer within ${this.limit} ms`);
  }
}
