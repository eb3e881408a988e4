import { z } from 'zod';
import { DEFAULT_LIMITS, type Limits } from '../xds/limits.js';
import { duration } from './values.js';

const count = z.number().int().min(1);
const bytes = z.number().int().min(1_024);
const time = (milliseconds: number) =>
  duration('s')
    .refine((value) => value > 0 && value <= 86_400_000, 'expected more than 0 and at most 24h')
    .prefault(`${milliseconds}ms`);

/** See {@link Limits}. */
export const limits = z
  .strictObject({
    connections: count.default(DEFAULT_LIMITS.connections),
    connections_per_client: count.optional(),
    streams: count.default(DEFAULT_LIMITS.streams),
    streams_per_client: count.optional(),
    streams_per_connection: count.default(DEFAULT_LIMITS.streams_per_connection),
    requests_per_second: count.default(DEFAULT_LIMITS.requests_per_second),
    message_bytes: bytes.default(DEFAULT_LIMITS.message_bytes),
    header_bytes: bytes.default(DEFAULT_LIMITS.header_bytes),
    names_per_request: count.default(DEFAULT_LIMITS.names_per_request),
    names_per_stream: count.default(DEFAULT_LIMITS.names_per_stream),
    name_bytes_per_stream: bytes.default(DEFAULT_LIMITS.name_bytes_per_stream),
    types_per_stream: count.default(DEFAULT_LIMITS.types_per_stream),
    handshake_timeout: time(DEFAULT_LIMITS.handshake_timeout),
    idle_timeout: time(DEFAULT_LIMITS.idle_timeout),
    queued_bytes: bytes.default(DEFAULT_LIMITS.queued_bytes),
    queued_time: time(DEFAULT_LIMITS.queued_time),
    held_bytes: bytes.default(DEFAULT_LIMITS.held_bytes),
    held_bytes_per_connection: bytes.default(DEFAULT_LIMITS.held_bytes_per_connection),
  })
  .prefault({}) satisfies z.ZodType<Limits>;
