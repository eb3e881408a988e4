import { pino } from 'pino';
import type { z } from 'zod';
import type { EtcdConnections } from '../../src/discovery/etcd/connections.js';
import { etcdOptions } from '../../src/discovery/etcd/options.js';
import { createEtcdSources } from '../../src/discovery/etcd/source.js';
import { RunningSource } from './running-source.js';

/** Runs an `etcd` registry with options that notice outages quickly; a url is enough. */
export function runEtcd(
  options: Omit<z.input<typeof etcdOptions>, 'type'>,
  connections?: EtcdConnections,
): RunningSource {
  const read = etcdOptions.parse({
    type: 'etcd',
    timeout: { connect: '1500ms', read: '1500ms' },
    keepalive_interval: '500ms',
    relist_jitter: '50ms',
    ...options,
  });
  const deps = { logger: pino({ level: 'silent' }), ...(connections !== undefined && { connections }) };
  return new RunningSource(createEtcdSources('etcd', read, deps)[0]);
}
