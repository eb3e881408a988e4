import { describe, expect, it } from 'vitest';
import { EtcdConnections } from '../../../../src/discovery/etcd/connections.js';
import { displayNameOf, targetOf } from '../../../../src/discovery/etcd/endpoint.js';
import { failureOf } from '../../../../src/discovery/etcd/failure.js';
import { etcdConnectionOptions, etcdOptions } from '../../../../src/discovery/etcd/options.js';

describe('options', () => {
  it('have defaults for all but the endpoints', () => {
    const read = etcdOptions.parse({
      type: 'etcd',
      endpoints: ['http://127.0.0.1:2379'],
      user: '',
      password: '',
    });
    expect(read).toMatchObject({
      prefix: '/services/',
      weight: 1,
      timeout: { connect: 2_000, read: 5_000 },
      keepalive_interval: 5_000,
      page_size: 5_000,
    });
  });

  it('refuse credentials inside an endpoint, a mix of http and https, and no endpoint', () => {
    const refused = (endpoints: string[]) =>
      etcdOptions.safeParse({ type: 'etcd', endpoints }).error?.message;
    expect(refused(['http://root:secret@127.0.0.1:2379'])).toContain('options of their own');
    expect(refused(['http://root:secret@127.0.0.1:2379'])).not.toContain('secret');
    expect(refused(['http://127.0.0.1:2379', 'https://127.0.0.2:2379'])).toContain('all http or all https');
    expect(refused([])).toBeDefined();
  });
});

describe('endpoints', () => {
  it.each([
    ['http://127.0.0.1:2379', '127.0.0.1:2379'],
    ['http://etcd', 'etcd:2379'],
    ['http://etcd:80/', 'etcd:80'],
    ['https://etcd:443', 'etcd:443'],
    ['https://[::1]:2380', '[::1]:2380'],
    ['https://[::1]', '[::1]:2379'],
  ])('%s is dialled as %s', (endpoint, target) => {
    expect(targetOf(endpoint)).toBe(target);
  });

  it('show nothing but where they are', () => {
    expect(displayNameOf(['https://me:secret@etcd/x?y', 'https://b:1'])).toBe(
      'https://etcd:2379,https://b:1',
    );
  });
});

describe('connections', () => {
  const options = (more: object = {}) =>
    etcdConnectionOptions.parse({ endpoints: ['http://127.0.0.1:1'], user: 'u', password: 'p', ...more });

  it('are shared by equal endpoints and credentials, and closed by the last to release', () => {
    const connections = new EtcdConnections();
    const one = connections.acquire(options());
    expect(connections.acquire(options())).toBe(one);
    expect(connections.acquire(options({ password: 'q' }))).not.toBe(one);
    connections.release(one);
    expect(connections.acquire(options())).toBe(one);
    connections.release(one);
    connections.release(one);
    expect(connections.acquire(options())).not.toBe(one);
  });
});

describe('failureOf', () => {
  const told = (text: string) => failureOf(new Error(text), 'http://e:1');

  it('says the same of the same failure, whatever numbers gRPC adds', () => {
    expect(told('4 DEADLINE_EXCEEDED: Deadline exceeded after 2.001s,remote_addr=127.0.0.1:9')).toMatchObject(
      {
        code: 'registry_timeout',
        message: 'etcd at http://e:1: no answer in time',
      },
    );
    expect(
      told(
        '14 UNAVAILABLE: No connection established. Last error: Error: connect ECONNREFUSED 127.0.0.1:1. Resolution note: ',
      ),
    ).toMatchObject({
      code: 'registry_unreachable',
      message: 'etcd at http://e:1: connect ECONNREFUSED 127.0.0.1:1',
    });
  });

  it('tells a refusal from a failure, and both from a defect', () => {
    expect(told('7 PERMISSION_DENIED: permission denied')?.code).toBe('registry_refused');
    expect(told('3 INVALID_ARGUMENT: authentication failed, invalid user ID or password')?.code).toBe(
      'registry_refused',
    );
    expect(told('8 RESOURCE_EXHAUSTED: too much')?.code).toBe('registry_bad_answer');
    expect(failureOf(new TypeError('x is not a function'), 's')).toBeUndefined();
  });
});
