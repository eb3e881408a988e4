import { status } from '@grpc/grpc-js';
import type { SnapshotCache } from '../../snapshot/cache.js';
import type { Steps } from '../../snapshot/steps.js';
import type { Refusal } from '../guard/gate.js';
import { clientStatus, type StreamView } from './client-status.js';
import { readQuestion } from './question.js';

/** What an answer may have, that of several processes together too. Bytes. */
export const MOST_ANSWER_BYTES = 32 * 1024 * 1024;

/** An encoded `ClientStatusResponse`, or why there is none. */
export type ClientStatusResult =
  | { readonly response: Uint8Array; readonly refusal?: undefined }
  | { readonly response?: undefined; readonly refusal: Refusal };

/** The same, with what it cost. */
export type ClientStatusAnswer = ClientStatusResult & {
  /** That went into it, in all processes. */
  readonly milliseconds: number;
};

const TOO_LARGE: Refusal = {
  code: status.RESOURCE_EXHAUSTED,
  details: 'the answer is too large: ask for fewer nodes by node_matchers, or exclude_resource_contents',
};

/** The answer while it cannot be told. */
export function unavailable(details: string): ClientStatusAnswer {
  return { refusal: { code: status.UNAVAILABLE, details }, milliseconds: 0 };
}

/**
 * The answer to an encoded `ClientStatusRequest` from streams of this process.
 * @param mostBytes of the answer
 */
export function* clientStatusOf(
  request: Uint8Array,
  streams: Iterable<StreamView>,
  cache: SnapshotCache,
  mostBytes = MOST_ANSWER_BYTES,
): Steps<ClientStatusResult> {
  const read = readQuestion(request);
  if (read.refusal !== undefined) return { refusal: read.refusal };
  const snapshotOf = (group: string) => cache.getSnapshot(group);
  const response = yield* clientStatus(streams, { ...read.question, snapshotOf, mostBytes });
  return response === undefined ? { refusal: TOO_LARGE } : { response };
}

/**
 * The answers of several processes as one. Each client is connected to one of them, so that nothing is to be put
 * together but the lists: encoded messages with repeated fields, one after the other, are one message with all.
 * https://protobuf.dev/programming-guides/encoding/#last-one-wins
 * @param askers each asks one process for an answer of so many bytes at most; one after the other, so that no more
 *   than an answer may have is made and held. Undefined: that process has ended and has no clients
 */
export async function mergedClientStatus(
  askers: readonly ((mostBytes: number) => Promise<ClientStatusAnswer | undefined>)[],
): Promise<ClientStatusAnswer> {
  const responses: Uint8Array[] = [];
  let room = MOST_ANSWER_BYTES;
  let milliseconds = 0;
  for (const ask of askers) {
    const answer = await ask(room);
    if (answer === undefined) continue;
    const { response, refusal } = answer;
    milliseconds += answer.milliseconds;
    if (refusal !== undefined) return { refusal, milliseconds };
    room -= response.length;
    if (room < 0) return { refusal: TOO_LARGE, milliseconds };
    responses.push(response);
  }
  return { response: Buffer.concat(responses), milliseconds };
}
