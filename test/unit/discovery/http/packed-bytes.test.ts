import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { readBody } from '../../../../src/discovery/http/body.js';
import { PackedBytes } from '../../../../src/discovery/http/packed-bytes.js';

const MIB = 1024 * 1024;

test.each([
  ['nothing', 0, 1],
  ['a small text in one part', 100, 1_000],
  ['as much as is kept as it came', 16 * MIB, 65_536],
  ['one byte more', 16 * MIB + 1, 65_537],
  ['characters across parts and blocks', 25 * MIB, 65_537],
  ['parts that are larger than a block', 40 * MIB, 9 * MIB],
])('%s is read as it was written', async (_, size, part) => {
  // Three bytes a character, and no border of a part or block falls between all of them.
  const whole = Buffer.from('€ä-'.repeat(Math.ceil(size / 6))).subarray(0, size);
  const bytes = new PackedBytes();
  for (let at = 0; at < size; at += part) await bytes.add(whole.subarray(at, at + part));
  expect(bytes.size).toBe(size);
  const text = await bytes.text();
  expect(text === whole.toString('utf8')).toBe(true);
});

test('an answer without end takes little memory until it is stopped', async () => {
  let most = 0;
  const endless = Readable.from(
    (function* () {
      for (;;) {
        most = Math.max(most, process.memoryUsage.rss());
        yield Buffer.alloc(64 * 1024, ' ');
      }
    })(),
  );
  const before = process.memoryUsage.rss();
  await expect(readBody(endless, false, 256 * MIB)).rejects.toThrow('max_answer');
  expect(most - before).toBeLessThan(200 * MIB);
});
