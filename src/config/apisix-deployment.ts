import { IGNORED_OPTIONS } from './aliases.js';
import type { Placed } from './discovery-block.js';

type Fields = Readonly<Record<string, unknown>>;

/** Seconds, where APISIX's `timeout` is missing. */
const TIMEOUT = 30;
/** What is not renamed. */
const SAME = new Set(['prefix', 'user', 'password']);

export interface Deployment {
  /** `routes_from.apisix`; undefined where the block names no etcd. */
  readonly store: Fields | undefined;
  readonly problems: readonly Placed[];
  readonly warnings: readonly Placed[];
}

/** The `deployment` block of APISIX's config.yaml: its etcd is where routes come from. */
export function readDeployment(deployment: unknown): Deployment {
  if (!isFields(deployment))
    return {
      store: undefined,
      problems: [{ path: ['deployment'], message: 'expected APISIX\'s block "deployment: { etcd: … }"' }],
      warnings: [],
    };
  const { etcd, ...others } = deployment;
  const warnings: Placed[] = Object.keys(others).map((key) => ({
    path: ['deployment', key],
    message: 'this option of APISIX is ignored: of "deployment" only "etcd" says something here',
  }));
  const problems: Placed[] = [];
  const store = isFields(etcd) ? readEtcd(etcd, problems, warnings) : undefined;
  return { store, problems, warnings };
}

function readEtcd(etcd: Fields, problems: Placed[], warnings: Placed[]): Fields {
  const { timeout = TIMEOUT, tls, host, startup_retry, watch_timeout, ...rest } = etcd;
  const ignored = { ...rest, ...given({ startup_retry, watch_timeout }) };
  for (const key of Object.keys(ignored)) {
    if (SAME.has(key)) continue;
    const path = ['deployment', 'etcd', key];
    const why = Object.hasOwn(IGNORED_OPTIONS, key) ? IGNORED_OPTIONS[key] : OWN_WAYS[key];
    if (why === undefined)
      problems.push({ path, message: "is no option of APISIX's etcd that is known here" });
    else warnings.push({ path, message: `this option of APISIX is ignored: ${why}` });
  }
  return {
    endpoints: host,
    ...Object.fromEntries(Object.entries(rest).filter(([key]) => SAME.has(key))),
    ...(typeof timeout === 'number' && { timeout: { connect: timeout * 1_000 } }),
    ...(isFields(tls) && { tls: readTls(tls) }),
  };
}

const OWN_WAYS: Readonly<Record<string, string>> = {
  startup_retry: 'an etcd that is away is asked until it answers',
  watch_timeout: 'a watch stays open, and is asked for a sign of life',
};

/** APISIX verifies certificates unless it is told not to. */
function readTls({ cert, key, verify, sni, trusted_ca_cert }: Fields): Fields {
  return given({
    cert,
    key,
    ca: trusted_ca_cert,
    server_name: sni,
    ...(verify === false && { insecure_skip_verify: true }),
  });
}

function given(fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
