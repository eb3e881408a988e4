import type { ConsumerDocument, PolicyDocument, RouteDocument } from '../documents/documents.js';

/** What `/routes` shows of one route. Times are milliseconds. */
export function routeView({ id, source, rules, rejected, disabled, differences }: RouteDocument) {
  return {
    id,
    source,
    state: rejected !== undefined ? 'rejected' : disabled === true ? 'disabled' : 'in_force',
    ...(rejected !== undefined && { reason: rejected }),
    ...(differences !== undefined && { differences }),
    /** What is in force: of a rejected document its last good version. */
    rules,
  };
}

/** What `/routes` shows of one document about a service. */
export function policyView({ id, source, service, policy, rejected }: PolicyDocument) {
  return {
    id,
    source,
    service,
    state: rejected !== undefined ? 'rejected' : 'in_force',
    ...(rejected !== undefined && { reason: rejected }),
    policy: policy ?? null,
  };
}

/** What `/routes` shows of one document about a consumer: by what they prove to be one, and nothing of it. */
export function consumerView({ id, source, consumer, rejected }: ConsumerDocument) {
  const { name, api_keys = [], logins = [], tokens = [] } = consumer ?? { name: null };
  return {
    id,
    source,
    name,
    state: rejected !== undefined ? 'rejected' : 'in_force',
    ...(rejected !== undefined && { reason: rejected }),
    /** How many of each are in force. */
    proofs: { api_keys: api_keys.length, logins: logins.length, tokens: tokens.length },
  };
}
