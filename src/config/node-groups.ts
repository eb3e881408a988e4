import { z } from 'zod';
import { DEFAULT_GROUP } from '../groups/default-group.js';
import { globs } from './globs.js';

const scalar = z.union([z.string(), z.number(), z.boolean()]);
/** Envoy nests what it says of itself no deeper. */
const metadataMatch = z.union([
  scalar,
  z.record(z.string(), z.union([scalar, z.record(z.string(), scalar)])),
]);

/** Which proxies are in a group: those of which all of this is true. */
const match = z
  .strictObject({
    id: globs.optional(),
    cluster: globs.optional(),
    locality: z
      .strictObject({ region: globs.optional(), zone: globs.optional(), sub_zone: globs.optional() })
      .optional(),
    /** By key: a text with `*`, a number, true or false, or a mapping of these. */
    metadata: z.record(z.string().min(1), metadataMatch).optional(),
  })
  .refine((value) => Object.keys(value).length > 0, 'expected "id", "cluster", "locality" or "metadata"');

const nodeGroup = z.strictObject({
  match,
  /** Of the listeners, those with these names; all by default. */
  listeners: globs.optional(),
  /** Of the routes, those with these names; all by default. */
  routes: globs.optional(),
  /** Of the services, and of the routes to them; all by default. */
  services: globs.optional(),
});
export type NodeGroup = z.output<typeof nodeGroup>;

/** Starts with a letter also because an object would put keys that look like numbers first: the first match counts. */
const groupName = z
  .string()
  .regex(/^[A-Za-z_][\w-]*$/, 'a group\'s name is a letter or "_", then letters, digits, "_" and "-"')
  .refine((name) => name !== DEFAULT_GROUP, `"${DEFAULT_GROUP}" is the group of those that no other matches`);

/** In order: a proxy is in the first group that matches it. */
export const nodeGroups = z.record(groupName, nodeGroup);
