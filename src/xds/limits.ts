/** What clients may take of the xDS port; for each process, where several serve it. Times are milliseconds. */
export interface Limits {
  /** Open connections, of all clients together. */
  readonly connections: number;
  /** Open connections from one address. */
  readonly connections_per_client?: number | undefined;
  /** Open streams, of all clients together. */
  readonly streams: number;
  /** Open streams of one certificate, or of one address where there is none. */
  readonly streams_per_client?: number | undefined;
  /** Calls that are open on a connection. */
  readonly streams_per_connection: number;
  /** Requests that are taken from a stream in a second; what comes faster has to wait. */
  readonly requests_per_second: number;
  /** The bytes of one request. */
  readonly message_bytes: number;
  /** The bytes of a call's headers. */
  readonly header_bytes: number;
  /** The names and known versions in one request. */
  readonly names_per_request: number;
  /** The names that a stream subscribes to, over all types. */
  readonly names_per_stream: number;
  /** The bytes of those names. */
  readonly name_bytes_per_stream: number;
  /** The types that a stream asks for. */
  readonly types_per_stream: number;
  /** How long a new connection may take until it has said its first words. */
  readonly handshake_timeout: number;
  /** How long a connection may be without a stream, and a stream without a request. */
  readonly idle_timeout: number;
  /** What may wait for a stream's client to read it for longer than `queued_time`. */
  readonly queued_bytes: number;
  readonly queued_time: number;
  /** Bytes that the calls of all clients make a process hold: names, nodes, requests under way, answers not read. */
  readonly held_bytes: number;
  /** The same of one connection. */
  readonly held_bytes_per_connection: number;
}

/** For clients of loopback, which share one address, there is none unless one is set. */
export const DEFAULT_PER_CLIENT = 1_000;

const MIB = 1024 * 1024;

export const DEFAULT_LIMITS: Limits = {
  connections: 20_000,
  streams: 40_000,
  streams_per_connection: 100,
  requests_per_second: 1_000,
  // Envoy's own limit is 4 MiB; a large fleet's names and versions need more.
  message_bytes: 16 * MIB,
  header_bytes: 16 * 1024,
  names_per_request: 100_000,
  names_per_stream: 200_000,
  name_bytes_per_stream: 16 * MIB,
  types_per_stream: 32,
  handshake_timeout: 10_000,
  idle_timeout: 300_000,
  queued_bytes: 16 * MIB,
  queued_time: 30_000,
  held_bytes: 128 * MIB,
  // 100,000 names of 100 bytes, the request that asks for them, and what is not read yet of the answers.
  held_bytes_per_connection: 64 * MIB,
};
