import { z } from 'zod';

// What the admin API answers. That it does is tested; types of TypeScript come from the functions that make it.

const time = z.iso.datetime();
const open = z.record(z.string(), z.unknown());

const place = { registry: z.string(), server: z.string() };
const names = z.strictObject({ count: z.int(), names: z.array(z.string()) });
const changes = z.record(z.string(), z.strictObject({ added: names, changed: names, removed: names }));

export const error = z.strictObject({ error: z.string() });
export const healthz = z.strictObject({ status: z.literal('ok') });
/** What is served out of the file of a life before. */
const restored = z.strictObject({
  file: z.string(),
  written: z.string(),
  waiting_for: z.array(z.string()),
});

export const readyz = z.strictObject({
  status: z.enum(['ready', 'not ready']),
  reason: z.string().optional(),
  restored: restored.optional(),
});

const summary = {
  name: z.string(),
  registries: z.array(z.string()),
  instances: z.int(),
  filtered: z.int(),
  failing: z.int(),
  served_from: z.enum(['instances', 'default_service', 'nothing']),
  degraded: z.int(),
  draining: z.int(),
  weight: z.strictObject({ min: z.number(), max: z.number() }).nullable(),
};
export const services = z.strictObject({ services: z.array(z.strictObject(summary)) });

const detail = {
  ...summary,
  default_service: z.array(z.string()).optional(),
  instances: z.array(
    z.looseObject({
      address: z.string(),
      ...place,
      weight: z.number(),
      metadata: z.record(z.string(), z.string()),
      remarks: z.array(z.string()).optional(),
    }),
  ),
  filtered: z.array(
    z.strictObject({ address: z.string(), ...place, reason: z.string(), detail: z.string() }),
  ),
  failing: z.array(z.strictObject({ ...place, code: z.string(), message: z.string(), since: time })),
};
export const service = z.strictObject(detail);

const failingService = z.strictObject({
  ...{ service: z.string(), namespace: z.string().optional(), group: z.string().optional() },
  ...{ code: z.string(), message: z.string(), since: time },
});
export const registries = z.strictObject({
  registries: z.array(
    z.strictObject({
      ...place,
      state: z.enum(['waiting', 'synced', 'failing', 'left_out']),
      services: z.int(),
      instances: z.int(),
      filtered: z.int(),
      revision: z.string().nullable(),
      last_success: time.nullable(),
      held: z.strictObject({ services: z.int(), instances: z.int(), since: time, until: time }).nullable(),
      failing_services: z.strictObject({ count: z.int(), first: z.array(failingService) }).nullable(),
      last_error: z.strictObject({ code: z.string(), message: z.string(), at: time }).nullable(),
    }),
  ),
});

export const discoveryDump = z.strictObject({
  services: z.record(
    z.string(),
    z.array(
      z.strictObject({
        ...{ host: z.string(), port: z.number(), weight: z.number() },
        metadata: z.record(z.string(), z.string()).optional(),
      }),
    ),
  ),
});

export const certificates = z.strictObject({
  certificates: z.array(
    z.strictObject({
      name: z.string(),
      files: open,
      served: z
        .strictObject({
          subject: z.string(),
          names: z.array(z.string()),
          expires: time,
          version: z.string(),
        })
        .nullable(),
      problem: z.strictObject({ message: z.string(), at: time }).nullable(),
    }),
  ),
});

const documentState = z.enum(['in_force', 'rejected', 'disabled']);
export const routes = z.strictObject({
  routes: z.array(
    z.strictObject({
      ...{ id: z.string(), source: z.string(), state: documentState },
      reason: z.string().optional(),
      differences: z.array(z.string()).optional(),
      rules: z.array(open),
    }),
  ),
  policies: z.array(
    z.strictObject({
      ...{ id: z.string(), source: z.string(), service: z.string(), state: documentState },
      reason: z.string().optional(),
      policy: open.nullable(),
    }),
  ),
  consumers: z.array(
    z.strictObject({
      ...{ id: z.string(), source: z.string(), name: z.string().nullable(), state: documentState },
      reason: z.string().optional(),
      proofs: z.strictObject({ api_keys: z.int(), logins: z.int(), tokens: z.int() }),
    }),
  ),
});

const status = z.enum(['SYNCED', 'NOT_SENT', 'STALE', 'ERROR', 'UNKNOWN']);
const refusal = { version: z.string(), message: z.string() };
export const proxies = z.strictObject({
  proxies: z.array(
    z.strictObject({
      node: z.looseObject({ id: z.string(), cluster: z.string() }),
      group: z.string().optional(),
      peer: z.string(),
      variant: z.enum(['sotw', 'delta']).optional(),
      connected_since: time,
      worker: z.int().optional(),
      types: z.record(
        z.string(),
        z.strictObject({
          status: z.string(),
          subscribed: z.union([z.literal('*'), z.int()]),
          version_sent: z.string().optional(),
          version_acknowledged: z.string().optional(),
          outstanding: z.int(),
          rejected: z.array(z.strictObject({ resource: z.string(), ...refusal })),
        }),
      ),
    }),
  ),
});

const resource = { type: z.string(), name: z.string() };
const quarantined = z.strictObject({
  ...resource,
  version: z.string(),
  served: z.string().nullable(),
  state: z.enum(['rejected', 'suspected', 'kept']),
  group: z.string(),
  node: z.string(),
  message: z.string(),
  since: time,
});
const heldBack = z.strictObject({
  node: z.string(),
  group: z.string(),
  reason: z.enum(['accepted_by_others', 'cannot_bind', 'rejects_too_much']),
  type: z.string(),
  names: z.array(z.string()),
  message: z.string(),
  since: time,
});
export const release = z.strictObject({
  restored: restored.nullable(),
  pinned: z.string().nullable(),
  quarantined: z.array(quarantined),
  held_back: z.array(heldBack),
  inconsistent: z.array(z.strictObject({ ...resource, missing: z.strictObject(resource) })),
  rollout: z.strictObject({ everyone_at: time }).nullable(),
});

const carriers = z.array(
  z.strictObject({
    ...{ ...resource, version: z.string() },
    proxies: z.array(
      z.strictObject({
        ...{ node: z.string(), peer: z.string(), status },
        refused: z.strictObject(refusal).optional(),
      }),
    ),
  }),
);
export const explanation = z.strictObject({
  query: z.string(),
  services: z.array(
    z.strictObject({
      ...detail,
      routed: z.boolean(),
      remarks: z.array(z.string()),
      resources: carriers,
      held: z.array(z.strictObject({ ...place, since: time, until: time, addresses: z.array(z.string()) })),
      release: release.omit({ restored: true }),
      history: z.array(
        z.strictObject({
          ...{ group: z.string(), version: z.string(), at: time },
          changes: z.array(
            z.strictObject({
              type: z.string(),
              change: z.enum(['added', 'changed', 'removed']),
              version: z.string().nullable(),
              added: z.array(z.string()).optional(),
              removed: z.array(z.string()).optional(),
            }),
          ),
        }),
      ),
    }),
  ),
  routes: z.array(
    z.strictObject({
      ...{ id: z.string(), source: z.string(), state: documentState },
      reason: z.string().optional(),
      rule: open.nullable(),
      services: z.array(z.string()),
      resources: carriers,
      release: release.omit({ restored: true }),
    }),
  ),
});

export const snapshots = z.strictObject({
  snapshots: z.array(
    z.strictObject({
      ...{ group: z.string(), version: z.string(), previous: z.string(), at: time },
      changes,
    }),
  ),
  diff: z
    .strictObject({
      group: z.string(),
      back: z.int(),
      from: z.strictObject({ version: z.string() }),
      to: z.strictObject({ version: z.string(), at: time }),
      changes,
    })
    .nullable(),
});

export const latency = z.strictObject({
  observations: z.array(z.strictObject({ at: time, registry: z.string(), seconds: z.number() })),
});

const rates = z
  .strictObject({
    requests_per_second: z.number(),
    errors_per_second: z.number(),
    dropped_per_second: z.number(),
    error_share: z.number().nullable(),
    in_progress: z.number(),
    latency_ms: z.number().nullable(),
    metrics: z.record(z.string(), z.number()),
  })
  .nullable();
const loadRow = {
  last_1m: rates,
  last_5m: rates,
  total: z.strictObject({
    ...{ requests: z.number(), errors: z.number(), dropped: z.number() },
    metrics: z.record(z.string(), z.number()),
  }),
};
const loadOf = { service: z.string(), last_report: time, ...loadRow };
export const load = z.strictObject({
  services: z.array(z.strictObject({ ...loadOf, instances: z.int() })),
});
export const serviceLoad = z.strictObject({
  ...loadOf,
  instances: z.array(z.strictObject({ address: z.string(), ...loadRow })),
});

export const configDump = z.strictObject({ configs: z.array(open) });
export const released = z.strictObject({ registry: z.string(), released: z.int() });
export const pinned = z.strictObject({ pinned: z.string() });
export const unpinned = z.strictObject({ unpinned: z.boolean() });
