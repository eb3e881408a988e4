import { expect, test } from 'vitest';
import { SharedRun } from '../../../src/base/shared-run.js';

test('those who ask during a run share the next one, which begins after they asked', async () => {
  const ends: (() => void)[] = [];
  const shared = new SharedRun(() => new Promise((resolve) => ends.push(resolve)));
  const done: string[] = [];
  const ask = async (name: string) => {
    await shared.run();
    done.push(name);
  };
  const all = [ask('first')];
  all.push(ask('second'), ask('third'));
  expect(ends).toHaveLength(1);
  ends[0]?.();
  await all[0];
  expect(done).toEqual(['first']);
  all.push(ask('fourth'));
  await expect.poll(() => ends.length).toBe(2);
  all.push(ask('fifth'));
  ends[1]?.();
  await Promise.all(all.slice(0, 3));
  expect(done.slice(0, 3).sort()).toEqual(['first', 'second', 'third']);
  expect(done).not.toContain('fifth');
  await expect.poll(() => ends.length).toBe(3);
  ends[2]?.();
  await Promise.all(all);
  expect(ends).toHaveLength(3);
  all.push(ask('last'));
  expect(ends).toHaveLength(4);
});
