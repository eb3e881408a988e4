import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';

const FOLDER = join(import.meta.dirname, 'meanings');

/** A part of the reference, as it is written by hand. */
const section = z.strictObject({
  title: z.string(),
  /** Where its options stand; the top of the file where nothing is said. */
  at: z.string().default(''),
  /** The page that tells more. */
  see: z.string().optional(),
  about: z.string().optional(),
  /** Mappings whose options are told elsewhere. */
  leave: z.array(z.string()).default([]),
  /** Whole configurations; several where options exclude one another. */
  examples: z.array(z.string()).min(1),
  /** What each option means. */
  options: z.record(z.string(), z.string()),
});
export type Section = z.output<typeof section>;

/** In the order of the page. */
export function readSections(): readonly Section[] {
  const files = readdirSync(FOLDER).sort();
  return files.flatMap((file) => z.array(section).parse(parse(readFileSync(join(FOLDER, file), 'utf8'))));
}
