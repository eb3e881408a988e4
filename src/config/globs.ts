import { z } from 'zod';

/** One pattern or several, in which `*` stands for any run of characters. */
export const globs = z.union([
  z
    .string()
    .min(1)
    .transform((pattern) => [pattern]),
  z.array(z.string().min(1)).min(1),
]);
