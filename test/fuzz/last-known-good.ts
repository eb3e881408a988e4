import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { lastKnownGoodText, readLastKnownGood } from '../../src/catalogue/last-known-good.js';
import { type FuzzTarget, target } from './target.js';
import { anything, damagedBytes, list, roughly } from './values.js';

const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'signalbox-fuzz-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
const path = join(folder, 'registry.dump');

const instance = { host: '10.0.0.1', port: 80, weight: 1, metadata: { zone: 'a' } };
const good = new Map([
  ['http://127.0.0.1:8500', [[{ service: 'one' }, { instances: [instance], filtered: [] }]] as const],
]);
const written = Buffer.from(lastKnownGoodText(good, 1));

const entry = fc.oneof(
  fc.tuple(
    roughly({ service: fc.constant('one') }),
    roughly({ instances: list(anything), filtered: list(anything) }),
  ),
  anything,
);
const content = roughly({
  at: fc.integer(),
  servers: list(fc.oneof(fc.tuple(anything, list(entry)), anything)),
});

/** What a disk gives back: what was written, or that it is damaged. */
export const LAST_KNOWN_GOOD: readonly FuzzTarget[] = [
  target('last-known-good files, by byte', damagedBytes(fc.constant(written)), (bytes) => {
    writeFileSync(path, bytes);
    const read = readLastKnownGood(path);
    if ('found' in read && !isDeepStrictEqual(read.found, good)) throw new Error('something else was read');
  }),
  target('last-known-good files that another program wrote', content, (said) => {
    const text = JSON.stringify(said);
    writeFileSync(path, `${createHash('sha256').update(text).digest('hex')}\n${text}\n`);
    const read = readLastKnownGood(path);
    if (!('found' in read)) return;
    for (const entries of read.found.values())
      for (const [key, { instances, filtered }] of entries)
        if (typeof key.service !== 'string' || !Array.isArray(instances) || !Array.isArray(filtered))
          throw new Error('what is no service was read as one');
  }),
];
