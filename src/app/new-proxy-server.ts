import { hostname } from 'node:os';
import type { AppDependencies } from '../cli/app-handle.js';
import type { Config } from '../config/schema.js';
import { type AnswerSink, ProxyAnswers } from '../release/proxy-answers.js';
import type { SnapshotCache } from '../snapshot/cache.js';
import { LocalProxyServer, type ProxyServer } from '../workers/proxy-server.js';
import { WorkerPool } from '../workers/worker-pool.js';
import type { Observation } from './observation.js';

/** Who serves the proxies: this process, or as many workers as the configuration says. */
export function newProxyServer(
  {
    xds: { workers, drain, keepalive, reflection, tls },
    allow,
    groups,
    limits,
    rollout,
    load_reports: loadReports,
  }: Config,
  cache: SnapshotCache,
  { load, loadReporting, metrics: { latency } }: Observation,
  answers: AnswerSink,
  { logger, logFormat }: Required<Pick<AppDependencies, 'logger' | 'logFormat'>>,
): ProxyServer {
  const options = { identifier: `signalbox/${hostname()}`, drain, keepalive, reflection, logger };
  const served = {
    ...{ ...options, tls, limits, admission: { allow, groups } },
    ...(rollout && { first: rollout.first }),
  };
  return workers === 0
    ? new LocalProxyServer(cache, {
        ...served,
        observer: new ProxyAnswers(answers),
        loadReporting,
        reached: (publication, sent) => latency.reached(process.pid, publication, sent),
      })
    : new WorkerPool(cache, workers, {
        ...served,
        logFormat,
        answers,
        acknowledgements: latency,
        loadReports,
        load: (clusters) => load.take(clusters),
      });
}
