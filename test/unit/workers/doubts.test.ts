import { expect, test } from 'vitest';
import { TYPE_URL } from '../../../src/snapshot/type-url.js';
import { DoubtFeed } from '../../../src/workers/doubt-feed.js';
import { SharedDoubts } from '../../../src/workers/shared-doubts.js';
import type { NodeDoubt } from '../../../src/xds/doubts.js';

const doubt = (node: string, ...names: readonly string[]): NodeDoubt => ({
  node,
  typeUrl: TYPE_URL.listener,
  names,
});

/** A feed whose messages are taken, and whose pauses end, when the test says so. */
function manual(told: (node: string) => readonly NodeDoubt[]) {
  const messages: (readonly NodeDoubt[])[] = [];
  const pauses: (() => void)[] = [];
  const feed = new DoubtFeed(
    told,
    (message) => messages.push(message),
    (run) => pauses.push(run),
  );
  const taken = () => {
    feed.taken();
    pauses.shift()?.();
  };
  return { feed, messages, pauses, taken };
}

const nodesOf = (messages: readonly (readonly NodeDoubt[])[]) =>
  messages.map((message) => message.map(({ node }) => node));

test('one message is under way at a time; a node that comes again meanwhile waits once', () => {
  const names = new Map([['a', ['x']]]);
  const { feed, messages, taken } = manual((node) => [doubt(node, ...(names.get(node) ?? []))]);
  feed.add('a');
  for (let times = 0; times < 1_000; times += 1) feed.add('b');
  names.set('b', ['y']);
  feed.add('a');
  expect(messages).toEqual([[doubt('a', 'x')]]);
  taken();
  // As it is now.
  expect(messages.slice(1)).toEqual([[doubt('b', 'y'), doubt('a', 'x')]]);
  taken();
  expect(messages).toHaveLength(2);
  feed.add('c');
  expect(nodesOf(messages).at(-1)).toEqual(['c']);
});

test('the next message waits for the pause after the last one', () => {
  const { feed, messages, pauses } = manual((node) => [doubt(node)]);
  feed.add('a');
  feed.taken();
  feed.add('b');
  expect(nodesOf(messages)).toEqual([['a']]);
  pauses.shift()?.();
  expect(nodesOf(messages)).toEqual([['a'], ['b']]);
});

test('a flood: messages stay small, and what waits is bounded', () => {
  const large = 'x'.repeat(40_000);
  const { feed, messages, taken } = manual((node) => [doubt(node, large)]);
  for (const node of ['a', 'b', 'c', 'd']) feed.add(node);
  taken();
  taken();
  expect(nodesOf(messages)).toEqual([['a'], ['b', 'c'], ['d']]);
  // Their ids alone take more than 100 MB.
  for (let index = 0; index < 100_000; index += 1) feed.add(`${index}`.padEnd(1_000));
  let rounds = 0;
  for (let before = -1; messages.length > before && rounds < 20_000; rounds += 1) {
    before = messages.length;
    taken();
  }
  const told = nodesOf(messages).flat();
  expect(told.at(-1)?.trim()).toBe('99999');
  expect(told.length).toBeLessThan(8_000);
});

test('a worker is told what the others told, and nothing of its own; a new one is told everything', () => {
  const shared = new SharedDoubts();
  const messages: Record<string, NodeDoubt[]> = { one: [], two: [], three: [] };
  const join = (worker: string) => shared.join((doubts) => messages[worker]?.push(...doubts));
  const [one, two] = [join('one'), join('two')];
  shared.learn([doubt('a', 'x')], one);
  shared.learn([doubt('a', 'x')], one);
  expect(messages).toEqual({ one: [], two: [doubt('a', 'x')], three: [] });
  shared.leave(one);
  shared.learn([doubt('b', 'y')], two);
  expect(messages.one).toEqual([]);
  join('three').taken();
  expect(messages.three).toEqual([doubt('a', 'x')]);
});
