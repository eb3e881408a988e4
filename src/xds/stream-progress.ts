import type { Snapshot } from '../snapshot/snapshot.js';
import type { Steps } from '../snapshot/steps.js';
import { losesClaimed, withoutClaims } from './claims.js';
import { Reports } from './reports.js';
import type { Message, Response, Variant } from './response.js';
import type { StreamDependencies } from './stream-dependencies.js';
import { beat, leastTtl } from './stream-heartbeat.js';
import type { StreamJournal } from './stream-journal.js';
import {
  doubting,
  NEW_STREAM,
  newStream,
  next,
  prepare,
  receive,
  type StreamRequest,
  type StreamState,
  waitNoLonger,
} from './stream-state.js';

/** A message that is to be sent. */
export interface Due {
  readonly typeUrl: string;
  readonly message: Message;
}

/** The state of one stream, and its effects on reports, doubts and the journal. */
export class StreamProgress {
  #state: StreamState = NEW_STREAM;
  /** The types whose heartbeat is due and not sent yet. */
  readonly #beating = new Set<string>();

  constructor(
    private readonly variant: Variant,
    private readonly deps: Pick<StreamDependencies, 'doubts' | 'reports' | 'shared' | 'withheldTtls'>,
    private readonly journal: StreamJournal,
    /** Of the node, see {@link Doubts}. */
    private readonly key: () => string,
  ) {}

  get state(): StreamState {
    return this.#state;
  }

  /** Whether a change of routes waits for load assignments. */
  get waits(): boolean {
    return this.#state.awaited.size > 0;
  }

  /** The shortest TTL of the sent resources, milliseconds. */
  get leastTtl(): number | undefined {
    return leastTtl(this.#state, this.variant);
  }

  /** The proxy has said who it is. */
  begin(userAgent: string): void {
    this.#state = newStream(userAgent);
  }

  /** Prepares {@link take} in steps. */
  *prepare(request: StreamRequest, snapshot: Snapshot): Steps<void> {
    yield* prepare(this.#state, request, snapshot, this.deps.shared);
  }

  /** Whether a request lists resources from earlier streams. Call {@link report} after {@link take}. */
  reports(request: StreamRequest): boolean {
    return !this.#state.types.has(request.request.typeUrl) && Reports.claims(request);
  }

  /**
   * Reports the proxy's resources from earlier streams.
   * @returns whether the answer would take one of them from it
   */
  *report(request: StreamRequest, snapshot: Snapshot): Steps<boolean> {
    const { typeUrl } = request.request;
    const type = this.#state.types.get(typeUrl);
    if (type === undefined) return false;
    const set = snapshot.set(typeUrl);
    yield* this.deps.reports.tell(request, type, set, this.journal.proxy);
    return yield* losesClaimed(request, type, set);
  }

  take(request: StreamRequest, snapshot: Snapshot): void {
    const { doubts, shared } = this.deps;
    const { typeUrl, nonce } = request.request;
    this.journal.requested(request.request, this.#state);
    const before = this.#state.types.get(typeUrl);
    const answered = before?.outstanding.find((sent) => sent.nonce === nonce);
    this.#state = receive(this.#state, request, snapshot, shared);
    if (before === undefined)
      this.#state = doubting(this.#state, typeUrl, doubts.of(this.key(), typeUrl), shared.table);
    if (answered !== undefined) this.#answered(answered.response, request);
    if (before !== undefined && before.rejected.size > 0 && !this.#rejects(typeUrl))
      this.journal.settled(typeUrl);
  }

  /** The next response that is due, if any. Heartbeats come first: a proxy that is sent one change after another needs them too. */
  next(snapshot: Snapshot): Due | undefined {
    const heartbeat = this.#nextBeat(snapshot);
    if (heartbeat !== undefined) return heartbeat;
    const step = next(this.#state, this.variant, snapshot, this.deps.shared);
    this.#state = step.state;
    if (step.response === undefined) return undefined;
    this.journal.sent(step.response, step.message.nonce);
    this.deps.withheldTtls.sent(this.variant, step.response);
    return { typeUrl: step.response.typeUrl, message: step.message };
  }

  /** A heartbeat of every type is due. */
  beat(): void {
    for (const { typeUrl } of this.#state.types.values()) this.#beating.add(typeUrl);
  }

  #nextBeat(snapshot: Snapshot): Due | undefined {
    for (const typeUrl of this.#beating) {
      this.#beating.delete(typeUrl);
      const step = beat(this.#state, this.variant, typeUrl, snapshot, this.deps.shared);
      this.#state = step.state;
      if (step.response !== undefined) return { typeUrl, message: step.message };
    }
    return undefined;
  }

  waitNoLonger(): void {
    this.#state = waitNoLonger(this.#state);
  }

  /** The stream has ended. */
  end(): void {
    this.deps.doubts.remember(this.key(), this.#state.types.values());
    for (const { typeUrl, rejected } of this.#state.types.values())
      if (rejected.size > 0) this.journal.settled(typeUrl);
  }

  /** The request, without its claims if the type is wholly in doubt. */
  believed(request: StreamRequest): StreamRequest {
    const { typeUrl } = request.request;
    const begun = this.#state.types.has(typeUrl);
    return !begun && this.deps.doubts.isWhole(this.key(), typeUrl) ? withoutClaims(request) : request;
  }

  #answered(response: Response, { request }: StreamRequest): void {
    const type = this.#state.types.get(request.typeUrl);
    // Not only at the end of the stream: the proxy may be back before that is noticed, or this process may be killed.
    if (request.error !== undefined && type !== undefined) this.deps.doubts.remember(this.key(), [type]);
    this.journal.answered(response, request);
  }

  #rejects(typeUrl: string): boolean {
    return (this.#state.types.get(typeUrl)?.rejected.size ?? 0) > 0;
  }
}
