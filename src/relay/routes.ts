import type { Hono } from 'hono';
import { type AdminApiOptions, adminApi, type Readiness } from '../admin/api.js';
import { ConfigDumps } from '../admin/config-dump.js';
import { json, jsonBytes } from '../admin/json.js';
import type { ProxyView } from '../admin/proxies.js';
import { snapshotDiff, snapshotList } from '../admin/snapshots.js';
import type { HistoryEntry } from '../snapshot/cache.js';
import { Snapshot } from '../snapshot/snapshot.js';
import type { UpstreamStatus } from './relayed-snapshot.js';
import type { Upstream } from './upstream.js';

/** What the admin API of a relay shows. */
export interface RelaySubject {
  readonly upstream: Upstream;
  readonly status: () => UpstreamStatus;
  /** Undefined before there is anything to serve. */
  readonly snapshot: () => Snapshot | undefined;
  readonly history: () => readonly HistoryEntry[];
  readonly proxies: () => Promise<readonly ProxyView[]>;
}

/** The admin API of a relay: the part of a Signalbox's that it has something to tell of, and `/relay`. */
export function relayRoutes(subject: RelaySubject, options: AdminApiOptions): Hono {
  return adminApi(
    options,
    () => readinessOf(subject),
    (app) => addRoutes(app, subject),
  );
}

function readinessOf(subject: RelaySubject): Readiness {
  if (subject.snapshot() !== undefined) return { ready: true, detail: { relay: relayView(subject) } };
  const { last_error } = subject.status();
  const why = last_error === null ? '' : `: ${last_error}`;
  return {
    ready: false,
    reason: `waiting for the upstream ${subject.upstream.address}${why}`,
    summary: 'waiting for the upstream',
  };
}

function addRoutes(app: Hono, subject: RelaySubject): void {
  app.get('/relay', (c) => json(c, relayView(subject)));
  app.get('/proxies', async (c) => json(c, { proxies: await subject.proxies() }));
  app.get('/snapshots', (c) =>
    json(c, { snapshots: snapshotList(subject.history()), diff: snapshotDiff(subject.history(), 1) ?? null }),
  );
  const dumps = new ConfigDumps(() => subject.snapshot() ?? Snapshot.EMPTY);
  app.get('/config_dump', async (c) =>
    subject.snapshot() === undefined
      ? json(c, { error: 'nothing is served yet' }, 503)
      : jsonBytes(c, await dumps.current()),
  );
}

function relayView({ upstream, status, snapshot }: RelaySubject) {
  const { connected, last_error, heard, restored } = status();
  return {
    upstream: upstream.address,
    node: upstream.node,
    connected,
    last_error,
    heard: heard === undefined ? null : new Date(heard).toISOString(),
    version: snapshot()?.version ?? null,
    served_from: restored === undefined ? 'upstream' : 'file',
    written: restored === undefined ? null : new Date(restored).toISOString(),
  };
}
