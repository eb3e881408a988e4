import { describe, expect, test } from 'vitest';
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
  const said = [undefined, servicePolicy.parse({ slow_start: '5s', tls: false })];
  expect(policyRemarks(said, instances(slow(30), {}))).toEqual([
    'slow_start of the instances does not count: the configuration has "slow_start"',
  ]);
});

test('HTTP/2 that some ask for', () => {
  expect(policyRemarks([], instances({ policy: { http2: true } }, {}, {}))).toEqual([
    'HTTP/2 is spoken to none: 1 of 3 instances ask for it (otherwise: 10.0.0.1:80)',
  ]);
});

describe('TLS', () => {
  const unchecked = 'their certificates are not checked: "tls" of the service has no "ca"';
  const secure = (secureBy: string) => ({ secure: true, secureBy });
  const some = instances(secure('sslPort=8443'), {}, secure('secure=true'), secure('secure=true'));
  const remarks = (tls: unknown, of = some) => policyRemarks([servicePolicy.parse({ tls })], of);

  test('that instances ask for, by which word, and whether certificates are checked', () => {
    expect(remarks(undefined)).toEqual([
      `TLS is spoken to 3 of 4 instances, which ask for it (secure=true, sslPort=8443); ${unchecked}`,
    ]);
    expect(remarks({ when: 'secure', ca: '/ca.pem' })).toEqual([
      'TLS is spoken to 3 of 4 instances, which ask for it (secure=true, sslPort=8443); their certificates are ' +
        'checked against /ca.pem, whatever name they are for: "tls" has no "san"',
    ]);
    const ports = [1, 2, 3, 4].map((port) => secure(`sslPort=${port}`));
    expect(remarks(undefined, instances(...ports))).toEqual([
      `TLS is spoken to 4 of 4 instances, which ask for it (sslPort=1, sslPort=2, sslPort=3 and others); ${unchecked}`,
    ]);
    expect(remarks(undefined, instances({}))).toEqual([]);
    expect(remarks({ when: 'secure' }, instances({}))).toEqual([]);
  });

  test('that the configuration overrules', () => {
    expect(remarks(false)).toEqual([
      'TLS is spoken to none, as the configuration says; 3 of 4 instances ask for it (secure=true, sslPort=8443)',
    ]);
    expect(remarks(false, instances({}))).toEqual([]);
    expect(remarks({})).toEqual([`TLS is spoken to all, as the configuration says; ${unchecked}`]);
    expect(remarks({ ca: '/ca.pem', san: ['web'] })).toEqual([
      'TLS is spoken to all, as the configuration says; their certificates are checked against /ca.pem',
    ]);
  });
});
