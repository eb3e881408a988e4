/** Where an instance runs, in Envoy's terms. */
export interface Locality {
  readonly region?: string;
  readonly zone?: string;
  readonly sub_zone?: string;
}

/** What a registry entry says about how its service should be treated; settled for a whole service when built. */
export interface InstancePolicy {
  /** `slow_start`, seconds. */
  readonly slowStartSeconds?: number;
  /** `checkurl`: the path of an active HTTP health check. */
  readonly healthCheckPath?: string;
  /** `max_fails`: consecutive failures that eject the instance. */
  readonly maxFails?: number;
  /** `fail_timeout`, seconds an ejected instance stays out. */
  readonly failTimeoutSeconds?: number;
  /** It speaks HTTP/2: its `protocol` or `scheme` is `grpc`, `tri`, `h2` or the like. */
  readonly http2?: boolean;
}

/** One instance that may be served. */
export interface Instance {
  /** IPv4, IPv6 in canonical form without brackets, or a host name in lower case. */
  readonly host: string;
  /** 1 to 65535. */
  readonly port: number;
  /** Above 0; may be a fraction. */
  readonly weight: number;
  readonly metadata: Readonly<Record<string, string>>;
  /** The instance wants TLS from its clients. */
  readonly secure?: boolean;
  /** The word of its registry that says so, such as `secure=true`, for `explain`. */
  readonly secureBy?: string;
  readonly locality?: Locality;
  /** The registry's own subdivision of a service, such as a Nacos cluster. */
  readonly cluster?: string;
  readonly policy?: InstancePolicy;
  /** Envoy's priority, 0 first; 0 where there is none. */
  readonly priority?: number;
  /** Of use only where too few others are (DEGRADED), or leaving (DRAINING); fit where there is none. */
  readonly health?: 'DEGRADED' | 'DRAINING';
  /** What was odd but harmless, for `explain`. */
  readonly remarks?: readonly string[];
}

/** Why an entry of a registry is not served. */
export const FILTER_REASONS = [
  'bad_address',
  'bad_port',
  'bad_weight',
  'bad_value',
  'weight_zero',
  'check_status',
  'status',
  'unhealthy',
  'disabled',
  'duplicate',
] as const;
/** Why an entry is not served, as a stable word. */
export type FilterReason = (typeof FILTER_REASONS)[number];

/** One entry of a registry that is not served, and why. */
export interface FilteredInstance {
  /** `host:port`, or what the registry had in its place. */
  readonly address: string;
  readonly reason: FilterReason;
  /** The reason in words, with the text of the error for a value that could not be read. */
  readonly detail: string;
}

/** `host:port`, with brackets around IPv6. */
export function addressOf(instance: { readonly host: string; readonly port: number }): string {
  return instance.host.includes(':')
    ? `[${instance.host}]:${instance.port}`
    : `${instance.host}:${instance.port}`;
}
