import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Question } from '../../../src/workers/messages.js';
import { Questions } from '../../../src/workers/questions.js';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function channel() {
  const sent: Question[] = [];
  const questions = new Questions('worker 2', (question) => sent.push(question), 2_000);
  return { sent, questions };
}

test('answers find their questions, in whatever order', async () => {
  const { sent, questions } = channel();
  const [one, two] = [questions.ask('proxies', undefined), questions.ask('proxyStatuses', [])];
  const [first, second] = sent.map(({ id }) => id);
  questions.answered(second ?? -1, ['two']);
  questions.answered(first ?? -1, ['one']);
  questions.answered(99, ['nobody asked']);
  expect(await Promise.all([one, two])).toEqual([['one'], ['two']]);
  expect(vi.getTimerCount()).toBe(0);
});

test('one that has ended has nothing to tell', async () => {
  const { questions } = channel();
  const asked = questions.ask('proxies', undefined);
  questions.close();
  expect(await asked).toBeUndefined();
  expect(vi.getTimerCount()).toBe(0);
});

test('one that fails to answer says why', async () => {
  const { sent, questions } = channel();
  const asked = questions.ask('proxies', undefined);
  questions.failed(sent.at(-1)?.id ?? -1, 'out of memory');
  await expect(asked).rejects.toMatchObject({
    code: 'internal',
    message: 'worker 2 failed to answer: out of memory',
  });
  expect(vi.getTimerCount()).toBe(0);
});

test('one that is silent is asked no more until it is heard again', async () => {
  const { sent, questions } = channel();
  const silent = { code: 'worker_silent', message: 'worker 2 does not answer within 2000 ms' };
  const asked = expect(questions.ask('proxies', undefined)).rejects.toMatchObject(silent);
  await vi.advanceTimersByTimeAsync(2_000);
  await asked;
  await expect(questions.ask('proxies', undefined)).rejects.toMatchObject(silent);
  expect(sent).toHaveLength(1);
  questions.heard();
  const again = questions.ask('proxies', undefined);
  questions.answered(sent.at(-1)?.id ?? -1, []);
  expect(await again).toEqual([]);
});
