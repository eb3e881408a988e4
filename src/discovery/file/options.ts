import { z } from 'zod';
import { commonOptions, defaultWeight } from '../registry-options.js';

/** The options of a `file` registry. A relative `path` counts from the configuration file's folder. */
export const fileOptions = z.strictObject({
  type: z.literal('file'),
  ...commonOptions,
  path: z.string().min(1),
  weight: defaultWeight(1),
});
export type FileOptions = z.output<typeof fileOptions>;
