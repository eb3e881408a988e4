import { setTimeout } from 'node:timers/promises';
import { status } from '@grpc/grpc-js';
import type { Logger } from 'pino';
import { OneByOne } from '../../base/one-by-one.js';
import { messageOf } from '../../errors.js';
import type { CallAccount } from '../guard/account.js';
import type { Call, OpenCall, Refusal } from '../guard/gate.js';
import type { ClientStatusAnswer, ClientStatusResult } from './answer.js';

/** A call that asks for client status, as gRPC gives it. */
export interface StatusCall extends Call {
  on(event: 'end' | 'error' | 'cancelled', listener: () => void): unknown;
  emit(event: 'error', error: Refusal): unknown;
  write(answer: Uint8Array, written: () => void): unknown;
}

/** Answers an encoded `ClientStatusRequest`. */
export type ClientStatus = (request: Uint8Array) => Promise<ClientStatusAnswer>;

const DEFECT: Refusal = { code: status.INTERNAL, details: 'the answer cannot be made' };

/** Makes the answers of all calls, one after the other: each may be large, and is held while it is made. */
export class Answers {
  readonly #oneByOne = new OneByOne();

  constructor(private readonly answer: ClientStatus) {}

  /** @returns undefined where nobody waits for it any more. @throws what the making of the answer throws */
  async to(
    request: Uint8Array,
    account: CallAccount,
    ended: AbortSignal,
  ): Promise<ClientStatusResult | undefined> {
    return await this.#oneByOne.run(async () => {
      if (ended.aborted) return undefined;
      const answer = await this.answer(request);
      account.worked(answer.milliseconds);
      return answer;
    });
  }
}

/** A call that asks for client status, from its start to its end. */
export class AskingCall {
  readonly #end = new AbortController();
  /** Told that the answer is read, or never will be. */
  #read: () => void = () => undefined;

  constructor(
    private readonly call: StatusCall,
    private readonly open: OpenCall,
    private readonly answers: Answers,
    private readonly logger: Logger,
  ) {
    for (const event of ['end', 'error', 'cancelled'] as const) call.on(event, () => this.close());
  }

  close(): void {
    if (this.#end.signal.aborted) return;
    this.#end.abort();
    this.#read();
    this.open.close();
  }

  /** Ends the call because of a defect of ours. */
  fail(thrown: unknown): void {
    this.logger.error({ reason: messageOf(thrown) }, 'an answer about client status cannot be made');
    if (!this.#end.signal.aborted) this.call.emit('error', DEFECT);
  }

  /**
   * Answers a question, or ends the call with the reason why not. What earlier answers have cost beyond the share of
   * its client the call waits out first.
   * @returns when the client has the answer. @throws what the making of the answer throws
   */
  async ask(request: Uint8Array): Promise<void> {
    const { signal } = this.#end;
    const { account } = this.open;
    for (let rest = account.worked(0); rest > 0 && !signal.aborted; rest = account.worked(0))
      await setTimeout(rest, undefined, { signal }).catch(() => undefined);
    const answer = await this.answers.to(request, account, signal);
    if (answer === undefined || signal.aborted) return;
    const { response, refusal } = answer;
    if (refusal === undefined) await this.#send(response);
    else this.call.emit('error', refusal);
  }

  async #send(response: Uint8Array): Promise<void> {
    const { account } = this.open;
    const full = account.hold(response.length);
    if (full !== undefined) {
      this.call.emit('error', { code: status.RESOURCE_EXHAUSTED, details: full });
      return;
    }
    await new Promise<void>((resolve) => {
      this.#read = resolve;
      this.call.write(response, resolve);
    });
    account.release(response.length);
  }
}
