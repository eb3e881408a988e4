import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { Inbox } from '../../../src/xds/inbox.js';
import { Turns } from '../../../src/xds/turns.js';

/** An inbox whose requests say how many pieces of work they make. */
function inbox(turns: Turns, log: string[], name = '', budget = { held: 0, most: 100 }) {
  return new Inbox(
    {
      pause: () => log.push(`${name}pause`),
      resume: () => log.push(`${name}resume`),
      *work([pieces = 0]) {
        for (let piece = 1; piece < pieces; piece += 1) yield;
        log.push(`${name}${pieces}`);
      },
      worked: () => undefined,
      hold(bytes) {
        if (budget.held + bytes > budget.most) return false;
        budget.held += bytes;
        return true;
      },
      release(bytes) {
        budget.held -= bytes;
      },
    },
    turns,
  );
}

async function turnsOver(log: readonly string[], entry: string): Promise<void> {
  while (!log.includes(entry)) await setImmediate();
}

test('short requests are done at once, long ones later, and each in its turn', async () => {
  const log: string[] = [];
  const requests = inbox(new Turns(), log);
  requests.take(Uint8Array.of(1));
  requests.take(Uint8Array.of(5));
  requests.take(Uint8Array.of(1));
  requests.take(Uint8Array.of(4));
  expect(log).toEqual(['1', 'pause']);
  await turnsOver(log, '4');
  await turnsOver(log, 'resume');
  expect(log.filter((entry) => /^\d/.test(entry))).toEqual(['1', '5', '1', '4']);
  expect(log.at(-1)).toBe('resume');
});

test('a long request of one stream is finished before that of another is gone on with; short ones do not wait', async () => {
  const log: string[] = [];
  const turns = new Turns();
  const [a, b, c] = [inbox(turns, log, 'a'), inbox(turns, log, 'b'), inbox(turns, log, 'c')];
  a.take(Uint8Array.of(100));
  b.take(Uint8Array.of(3));
  c.take(Uint8Array.of(1));
  expect(log).toContain('c1');
  await turnsOver(log, 'b3');
  expect(log.indexOf('a100')).toBeLessThan(log.indexOf('b3'));
});

test('requests wait while they are held, for whatever reason', () => {
  const log: string[] = [];
  const requests = inbox(new Turns(), log);
  requests.hold('unpublished');
  requests.hold('limit');
  requests.take(Uint8Array.of(1));
  requests.release('unpublished');
  requests.release('unpublished');
  expect(log).toEqual(['pause']);
  requests.release('limit');
  expect(log).toEqual(['pause', '1', 'resume']);
});

test('what waits when the stream ends is not done', async () => {
  const log: string[] = [];
  const turns = new Turns();
  const [ended, other] = [inbox(turns, log, 'ended'), inbox(turns, log, 'other')];
  ended.take(Uint8Array.of(5));
  ended.take(Uint8Array.of(1));
  other.take(Uint8Array.of(2));
  ended.end();
  await turnsOver(log, 'other2');
  expect(log.filter((entry) => entry.startsWith('ended'))).toEqual(['endedpause']);
});

test('what waits or is worked on is held, and given back when it is done', async () => {
  const log: string[] = [];
  const budget = { held: 0, most: 5 };
  const requests = inbox(new Turns(), log, '', budget);
  requests.take(Uint8Array.of(1, 0));
  expect(budget.held).toBe(0);
  requests.take(Uint8Array.of(4, 0, 0));
  requests.take(Uint8Array.of(2, 0));
  expect(budget.held).toBe(5);
  // There is no room for it: whoever said so ends the stream.
  requests.take(Uint8Array.of(3));
  await turnsOver(log, '2');
  await turnsOver(log, 'resume');
  expect(budget.held).toBe(0);
  expect(log).not.toContain('3');
});
