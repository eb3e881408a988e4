import type { StreamGuard } from './guard/stream-guard.js';
import type { XdsObserver } from './observer.js';
import type { Message } from './response.js';
import type { StreamCall } from './stream-call.js';

/** Responses handed to gRPC and not yet to the network; while so many wait, later changes are merged instead. */
const MOST_IN_FLIGHT = 4;

/** The way of a stream's responses to its proxy. */
export class Outlet {
  #inFlight = 0;

  /** @param room called when one more response may be written */
  constructor(
    private readonly call: Pick<StreamCall, 'write'>,
    private readonly guard: Pick<StreamGuard, 'queued' | 'written'>,
    private readonly observer: Required<XdsObserver>,
    private readonly room: () => void,
  ) {}

  get full(): boolean {
    return this.#inFlight >= MOST_IN_FLIGHT;
  }

  write(typeUrl: string, message: Message): void {
    this.#inFlight += 1;
    this.guard.queued(message.body.length);
    this.observer.sent(typeUrl, message.body.length);
    this.call.write(message, this.#written);
  }

  readonly #written = () => {
    this.#inFlight -= 1;
    this.guard.written();
    if (this.#inFlight === MOST_IN_FLIGHT - 1) this.room();
  };
}
