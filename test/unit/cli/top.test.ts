import { describe, expect, test } from 'vitest';
import { type TopAnswer, topText } from '../../../src/cli/views/top.js';

const service = (name: string, instances: number, served_from = 'instances') =>
  ({
    name,
    instances,
    filtered: 1,
    served_from,
    registries: ['local'],
  }) as unknown as TopAnswer['services'][number];
const registry = (name: string, state: string, message?: string) =>
  ({
    ...{ registry: name, server: 'file', state, services: 2, instances: 3, filtered: 1 },
    ...{ revision: null, last_success: null, held: null, failing_services: null },
    last_error: message === undefined ? null : { code: 'x', message, at: '' },
  }) as TopAnswer['registries'][number];
const proxy = (id: string, ...statuses: readonly string[]) =>
  ({
    ...{ node: { id }, peer: '10.0.0.1:5' },
    types: Object.fromEntries(statuses.map((status, at) => [['CDS', 'EDS'][at], { status }])),
  }) as unknown as TopAnswer['proxies'][number];
const load = (name: string, requests_per_second: number, error_share: number) =>
  ({ service: name, last_1m: { requests_per_second, error_share } }) as TopAnswer['load'][number];

const answer: TopAnswer = {
  not_ready: null,
  services: [service('calm', 2), service('broken', 0, 'nothing'), service('busy', 1), service('errs', 1)],
  registries: [registry('a', 'synced', 'long ago'), registry('b', 'failing', 'no\u001b[2J\nanswer')],
  proxies: [proxy('fine', 'SYNCED', 'SYNCED'), proxy('waits', 'STALE'), proxy('refuses', 'SYNCED', 'ERROR')],
  load: [load('busy', 20, 0), load('errs', 1, 0.25)],
};

describe('top', () => {
  test('what needs attention comes first', () => {
    expect(topText(answer).replaceAll(/ +/g, ' ')).toBe(
      `ready · 4 services, 4 instances, 4 filtered · 3 proxies, 1 in sync

REGISTRY SERVER STATE SERVICES INSTANCES FILTERED LAST ERROR
b file failing 2 3 1 no [2J answer
a file synced 2 3 1 -

PROXY PEER CDS EDS LDS RDS
refuses 10.0.0.1:5 SYNCED ERROR - -
waits 10.0.0.1:5 STALE - - -
fine 10.0.0.1:5 SYNCED SYNCED - -

SERVICE INSTANCES FILTERED SERVED FROM REQ/S ERRORS
broken 0 1 nothing - -
errs 1 1 instances 1 25.0%
busy 1 1 instances 20 0.0%
calm 2 1 instances - -
`,
    );
  });

  test('an instance that serves nothing yet says why', () => {
    const text = topText({
      not_ready: 'waiting\nfor b',
      services: [],
      registries: [],
      proxies: [],
      load: [],
    });
    expect(text.split('\n')[0]).toBe(
      'NOT READY: waiting for b · 0 services, 0 instances, 0 filtered · 0 proxies, 0 in sync',
    );
    expect(text).toContain('No proxy is connected.\n');
    expect(text).toContain('There are no services.\n');
  });

  test('many services fit a small screen', () => {
    const services = Array.from({ length: 10_000 }, (_, at) => service(`s-${at}`, 1));
    const text = topText({ ...answer, services }, 24);
    expect(text.trimEnd().split('\n').length).toBeLessThanOrEqual(24);
    expect(text).toMatch(/… and 99\d\d more\n$/);
  });
});
