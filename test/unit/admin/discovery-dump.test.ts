import { expect, test } from 'vitest';
import { discoveryDump } from '../../../src/admin/discovery-dump.js';
import type { ServiceView } from '../../../src/catalogue/service-view.js';

const instance = (registry: string, host: string, metadata = {}) => ({
  ...{ host, port: 80, weight: 2, metadata },
  ...{ registry, server: 'a' },
});
const views: Readonly<Record<string, ServiceView>> = {
  web: {
    name: 'web',
    registries: ['consul', 'nacos'],
    instances: [instance('consul', '10.0.0.1', { zone: 'a' }), instance('nacos', '10.0.0.2')],
    filtered: [],
  },
  api: { name: 'api', registries: ['nacos'], instances: [], filtered: [] },
};
const subject = {
  serviceNames: () => Object.keys(views),
  service: (name: string) => views[name],
  sources: () => [{ registry: 'consul' }, { registry: 'nacos' }],
};

test('the services of one registry, as in the control API of APISIX', () => {
  expect(discoveryDump('consul', subject)).toEqual({
    services: { web: [{ host: '10.0.0.1', port: 80, weight: 2, metadata: { zone: 'a' } }] },
  });
  expect(discoveryDump('nacos', subject)).toEqual({
    services: { api: [], web: [{ host: '10.0.0.2', port: 80, weight: 2 }] },
  });
  expect(discoveryDump('eureka', subject)).toBeUndefined();
});
