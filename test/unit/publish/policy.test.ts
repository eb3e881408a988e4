import { describe, expect, test } from 'vitest';
import { servicePolicy } from '../../../src/config/service-policy.js';
import type { Instance, InstancePolicy } from '../../../src/model/instance.js';
import { clusterPolicy, mostSaid } from '../../../src/publish/policy.js';
import { instanceAt } from '../../support/instances.js';

const said = (options: object) => servicePolicy.parse(options);
/** One instance for each policy. */
const saying = (...policies: readonly InstancePolicy[]): readonly Instance[] =>
  policies.map((policy, index) => instanceAt(`10.0.0.1:${index + 1}`, { policy }));
const secure = (...values: readonly boolean[]) =>
  values.map((value, index) => instanceAt(`10.0.0.1:${index + 1}`, { secure: value }));

describe('the configuration', () => {
  test('of nothing is the defaults', () => {
    expect(clusterPolicy([undefined], [])).toEqual({
      connectTimeout: 5_000,
      lbPolicy: 'ROUND_ROBIN',
      http2: false,
      subsets: [],
      dns: {},
      endpoints: { metadataKeys: [] },
    });
  });

  test('counts key by key, the closest first', () => {
    const own = said({ connect_timeout: '2s', protocol: 'http1' });
    const all = said({ connect_timeout: '3s', lb_policy: 'RANDOM', protocol: 'http2' });
    expect(clusterPolicy([undefined, own, all], [])).toMatchObject({
      connectTimeout: 2_000,
      lbPolicy: 'RANDOM',
      http2: false,
    });
  });

  test.each([
    [
      { path: '/health', host: 'web' },
      { http: '/health', host: 'web' },
    ],
    [{ tcp: true }, 'tcp'],
    [{ grpc: true }, { grpc: {} }],
  ])('a health check %j', (check, kind) => {
    const { healthCheck } = clusterPolicy([said({ health_check: { ...check, interval: 1 } })], []);
    expect(healthCheck).toEqual({
      kind,
      interval: 1_000,
      timeout: 2_000,
      unhealthyThreshold: 3,
      healthyThreshold: 2,
    });
  });

  test('a check by gRPC makes the cluster speak HTTP/2', () => {
    expect(clusterPolicy([said({ health_check: { grpc: true } })], []).http2).toBe(true);
    expect(clusterPolicy([said({ health_check: { tcp: true } })], []).http2).toBe(false);
  });

  test('wins over what instances say', () => {
    const policy = said({
      slow_start: 0,
      health_check: { path: '/mine' },
      outlier_detection: { consecutive_5xx: 9 },
      tls: { sni: 'web' },
    });
    const instances = saying({ slowStartSeconds: 30, healthCheckPath: '/theirs', maxFails: 2 });
    const both = instances.map((instance) => ({ ...instance, secure: true }));
    expect(clusterPolicy([policy], both)).toMatchObject({
      slowStart: { window: 0 },
      healthCheck: { kind: { http: '/mine' } },
      outlierDetection: { consecutive5xx: 9 },
      tls: { sni: 'web' },
    });
  });

  test.each([
    [{ tls: { san: ['web'] } }, '"san" needs "ca"'],
    [{ tls: { cert: 'c.pem' } }, '"cert" and "key"'],
    [{ tls: { key: 'k.pem' } }, '"cert" and "key"'],
    [{ health_check: { path: '/a\r\nb' } }, 'a path that starts'],
    [{ health_check: { path: '/a', host: 'a\nb' } }, 'a host name'],
    [{ health_check: {} }, 'one of "path", "tcp", "grpc"'],
    [{ health_check: { path: '/', tcp: true } }, 'one of "path", "tcp", "grpc"'],
  ])('%j is a problem', (options, problem) => {
    expect(servicePolicy.safeParse(options).error?.message).toContain(problem.replaceAll('"', '\\"'));
  });
});

describe('TLS of the configuration', () => {
  const tls = (options: unknown, instances: readonly Instance[]) => {
    const { tls: settings, tlsToSome } = clusterPolicy([said({ tls: options })], instances);
    return [settings, tlsToSome];
  };

  test('goes to all, whatever they say', () => {
    for (const some of [secure(true, true), secure(true, false), secure(false), []])
      expect(tls({ sni: 'web' }, some)).toEqual([{ sni: 'web' }, undefined]);
    expect(tls({ sni: 'web', when: 'always' }, secure(false))).toEqual([{ sni: 'web' }, undefined]);
  });

  test('goes to those that ask for it, with `when: secure`', () => {
    const options = { when: 'secure', ca: '/ca.pem' };
    expect(tls(options, secure(true, true))).toEqual([{ ca: '/ca.pem' }, undefined]);
    expect(tls(options, secure(true, false))).toEqual([{ ca: '/ca.pem' }, true]);
    expect(tls(options, secure(false))).toEqual([undefined, undefined]);
  });

  test('goes to none, with `false`, also where "*" says otherwise', () => {
    expect(tls(false, secure(true, true))).toEqual([undefined, undefined]);
    const policies = [said({ tls: false }), said({ tls: { sni: 'web' } })];
    expect(clusterPolicy(policies, secure(true)).tls).toBeUndefined();
  });
});

describe('what the instances say', () => {
  test('counts where the configuration is silent', () => {
    const instances = saying({
      slowStartSeconds: 30,
      healthCheckPath: '/health',
      maxFails: 2,
      failTimeoutSeconds: 3,
    });
    expect(clusterPolicy([said({})], instances)).toMatchObject({
      slowStart: { window: 30_000 },
      healthCheck: { kind: { http: '/health' }, interval: 5_000 },
      outlierDetection: {
        consecutive5xx: 2,
        interval: 1_000,
        baseEjectionTime: 3_000,
        maxEjectionPercent: 100,
      },
    });
  });

  test('is what most of them say, of equally many the smaller, in any order', () => {
    const values = [5, 9, 7, 9, 5].map((maxFails) => ({ maxFails }));
    expect(mostSaid(saying(...values), 'maxFails')).toBe(5);
    expect(mostSaid(saying(...values.reverse()), 'maxFails')).toBe(5);
    expect(mostSaid(saying(...values, { maxFails: 9 }), 'maxFails')).toBe(9);
    expect(mostSaid(saying({}, {}), 'maxFails')).toBeUndefined();
  });

  test('failures of 0 turn the ejection off; a time of 0 or none is 10 s', () => {
    expect(
      clusterPolicy([], saying({ maxFails: 0, failTimeoutSeconds: 1 })).outlierDetection,
    ).toBeUndefined();
    for (const more of [{}, { failTimeoutSeconds: 0 }])
      expect(clusterPolicy([], saying({ maxFails: 1, ...more })).outlierDetection).toMatchObject({
        baseEjectionTime: 10_000,
      });
  });

  test('is kept within what Envoy takes', () => {
    const huge = { slowStartSeconds: 1e300, maxFails: 1e300, failTimeoutSeconds: 1e300 };
    expect(clusterPolicy([], saying(huge))).toMatchObject({
      slowStart: { window: 86_400_000 },
      outlierDetection: { consecutive5xx: 1_000_000, baseEjectionTime: 86_400_000 },
    });
    const tiny = { slowStartSeconds: 1e-9, maxFails: 0.5, failTimeoutSeconds: 1e-9 };
    expect(clusterPolicy([], saying(tiny))).toMatchObject({
      slowStart: { window: 0 },
      outlierDetection: { consecutive5xx: 1, interval: 1, baseEjectionTime: 1 },
    });
  });

  test('TLS to the instances that want it', () => {
    expect(clusterPolicy([], secure(true, true)).tls).toEqual({});
    expect(clusterPolicy([], secure(true, true)).endpoints).not.toHaveProperty('markSecure');
    expect(clusterPolicy([], secure(true, true))).not.toHaveProperty('tlsToSome');
    for (const some of [secure(true, false), secure(false, false, true)])
      expect(clusterPolicy([], some)).toMatchObject({
        tls: {},
        tlsToSome: true,
        endpoints: { markSecure: true },
      });
    expect(clusterPolicy([], secure(false)).tls).toBeUndefined();
    expect(clusterPolicy([], []).tls).toBeUndefined();
  });
});
