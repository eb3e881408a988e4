import { expect, test } from 'vitest';
import type { ProxyAnswer } from '../../../src/release/proxy-answers.js';
import { TYPE_URL } from '../../../src/snapshot/type-url.js';
import { OpenRejections } from '../../../src/workers/open-rejections.js';

test('what the proxies of a worker have rejected is settled when it ends', () => {
  const told: ProxyAnswer[] = [];
  const open = new OpenRejections({ told: (answer) => told.push(answer) });
  const of = { group: 'g', typeUrl: TYPE_URL.cluster };
  const rejected = { ...of, message: 'no', suspects: [], named: false, unbound: [] };
  for (const node of ['a', 'b']) open.told({ kind: 'rejected', rejected: { ...rejected, node } });
  open.told({ kind: 'settled', ...of, node: 'a' });
  expect(told.splice(0)).toHaveLength(3);
  open.end();
  open.end();
  expect(told).toEqual([{ kind: 'settled', ...of, node: 'b' }]);
});
