import { z } from 'zod';
import { globs } from './globs.js';

const KEYS = ['san', 'token', 'token_file'] as const;

/** Who may ask the xDS port, and for whose configuration. */
export const allowRule = z
  .strictObject({
    /** The client has a certificate with one of these names: DNS names, or URIs such as SPIFFE ids. */
    san: globs.optional(),
    /** The client sends `authorization: Bearer` and this token. */
    token: z.string().min(1).optional(),
    token_file: z.string().min(1).optional(),
    /** The ids of the nodes that it may be; every one by default. */
    nodes: globs.optional(),
    /** The clusters (`node.cluster`) that it may belong to. */
    clusters: globs.optional(),
    /** The groups that it may belong to. */
    groups: globs.optional(),
    /** Whether it may ask for the status of all clients; by default, where it may be every node. */
    client_status: z.boolean().optional(),
  })
  .refine((rule) => KEYS.filter((key) => rule[key] !== undefined).length === 1, {
    error: `expected one of ${KEYS.map((key) => `"${key}"`).join(', ')}`,
  });
export type AllowRule = z.output<typeof allowRule>;
