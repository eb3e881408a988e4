import { expect, test } from 'vitest';
import { servicePolicy } from '../../../src/config/service-policy.js';
import type { Instance } from '../../../src/model/instance.js';
import { policyRemarks } from '../../../src/publish/policy-remarks.js';
import { instanceAt } from '../../support/instances.js';

const instances = (...some: readonly Partial<Instance>[]) =>
  some.map((more, index) => instanceAt(`10.0.0.${index + 1}:80`, more));
const slow = (slowStartSeconds: number) => ({ policy: { slowStartSeconds } });

test('nothing is said where all say the same, or none says anything', () => {
  expect(policyRemarks([], instances({}, {}))).toEqual([]);
  expect(policyRemarks([], instances(slow(30), slow(30)))).toEqual([]);
  expect(policyRemarks([], instances({ secure: true }, { secure: true }))).toEqual([]);
});

test('who differs is told, and what counts', () => {
  expect(policyRemarks([], instances(slow(30), slow(60), slow(60), {}))).toEqual([
    'slow_start is 60 s, as 2 of 4 instances say (1 say 30 s, 1 say nothing)',
  ]);
  expect(policyRemarks([], instances({ policy: { healthCheckPath: '/a' } }, {}))).toEqual([
    'checkurl is /a, as 1 of 2 instances say (1 say nothing); those that do not say it are not checked',
  ]);
});

test('the configuration that overrides them is named', () => {
  const said = [undefined, servicePolicy.parse({ slow_start: '5s', tls: {} })];
  expect(policyRemarks(said, instances(slow(30), { secure: true }))).toEqual([
    'slow_start of the instances does not count: the configuration has "slow_start"',
  ]);
});

test('TLS and HTTP/2 that some ask for', () => {
  expect(
    policyRemarks([], instances({ secure: true }, { secure: true, policy: { http2: true } }, {}, {}, {})),
  ).toEqual([
    'TLS is spoken to none: 2 of 5 instances ask for it (otherwise: 10.0.0.1:80, 10.0.0.2:80)',
    'HTTP/2 is spoken to none: 1 of 5 instances ask for it (otherwise: 10.0.0.2:80)',
  ]);
});
