import { status } from '@grpc/grpc-js';
import { messageOf } from '../../errors.js';
import type { ClientStatusRequest } from '../../generated/types/envoy/service/status/v3/ClientStatusRequest.js';
import { decode } from '../../protobuf/messages.js';
import type { Refusal } from '../guard/gate.js';
import type { ProxyNode } from '../node.js';
import { nodeTest, UNSUPPORTED_MATCHER } from './node-matcher.js';

export const REQUEST = 'envoy.service.status.v3.ClientStatusRequest';
/** Bytes. */
const LARGEST = 64 * 1024;
/** Each is asked of every node. */
const MOST_MATCHERS = 100;

/** What is asked about clients. */
export interface Question {
  readonly matches: (node: ProxyNode) => boolean;
  readonly withContents: boolean;
}

/** Reads an encoded `ClientStatusRequest`. @returns the question, or why it is not answered */
export function readQuestion(
  bytes: Uint8Array,
): { readonly question: Question; readonly refusal?: undefined } | { readonly refusal: Refusal } {
  if (bytes.length > LARGEST)
    return refused(status.RESOURCE_EXHAUSTED, `a question may have ${LARGEST} bytes`);
  let request: ClientStatusRequest;
  try {
    request = decode(REQUEST, bytes);
  } catch (thrown) {
    return refused(status.INVALID_ARGUMENT, messageOf(thrown));
  }
  const { node_matchers = [], exclude_resource_contents = false } = request;
  const matchers = node_matchers.reduce((sum, { node_metadatas = [] }) => sum + 1 + node_metadatas.length, 0);
  if (matchers > MOST_MATCHERS)
    return refused(status.RESOURCE_EXHAUSTED, `a question may have ${MOST_MATCHERS} matchers`);
  const matches = nodeTest(node_matchers);
  if (matches === undefined) return refused(status.INVALID_ARGUMENT, UNSUPPORTED_MATCHER);
  return { question: { matches, withContents: !exclude_resource_contents } };
}

function refused(code: status, details: string): { readonly refusal: Refusal } {
  return { refusal: { code, details } };
}
