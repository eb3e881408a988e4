/**
 * For queries of Consul that do not block. A server that leads again after a restart goes through its log: in its default
 * mode it answers with each state on the way, the oldest first, and in this one when it is done. A query that blocks
 * needs none of it, since it waits for an index.
 * https://developer.hashicorp.com/consul/api-docs/features/consistency
 */
export const CONSISTENT = { consistent: '' };
