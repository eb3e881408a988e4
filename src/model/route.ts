import type { EnvoyJson } from './envoy-json.js';

/** How a header or a query parameter is matched: one of these, turned round by `invert`. */
export interface TextMatch {
  readonly exact?: string | undefined;
  readonly prefix?: string | undefined;
  readonly suffix?: string | undefined;
  readonly contains?: string | undefined;
  readonly regex?: string | undefined;
  readonly present?: boolean | undefined;
  /** Of a header that is a whole number: from `start` on, up to `end` without it. */
  readonly range?: { readonly start?: number | undefined; readonly end?: number | undefined } | undefined;
  /** Of the texts; a regular expression says it itself. */
  readonly ignore_case?: boolean | undefined;
  readonly invert?: boolean | undefined;
}

/** Which requests a route takes: one kind of path, and everything else that is said. */
export interface RouteMatch {
  /** Of whole segments: `/user` takes /user and /user/1, not /users. */
  readonly prefix?: string | undefined;
  /** A prefix as a text, whatever follows it. */
  readonly starts_with?: string | undefined;
  readonly path?: string | undefined;
  /** Of the whole path, RE2. */
  readonly regex?: string | undefined;
  /** Envoy's URI template, such as `/users/{id}`. */
  readonly template?: string | undefined;
  readonly methods?: readonly string[] | undefined;
  readonly headers?: Readonly<Record<string, TextMatch>> | undefined;
  readonly query?: Readonly<Record<string, TextMatch>> | undefined;
  /** gRPC requests only. */
  readonly grpc?: boolean | undefined;
}

/** Headers that are set, added and removed. */
export interface HeaderEdit {
  /** Set where the header is not there. */
  readonly if_absent?: Readonly<Record<string, string>> | undefined;
  readonly set?: Readonly<Record<string, string>> | undefined;
  readonly add?: Readonly<Record<string, string>> | undefined;
  readonly remove?: readonly string[] | undefined;
}

/** What the service sees in the place of the request's path and host. */
export interface Rewrite {
  readonly prefix?: string | undefined;
  readonly regex?: { readonly pattern: string; readonly substitution: string } | undefined;
  readonly host?: string | undefined;
  readonly method?: string | undefined;
}

/** What the client sees in the place of the service's answer. */
export interface ResponseRewrite {
  readonly status?: number | undefined;
  readonly body?: string | undefined;
}

/** Sends the client elsewhere. */
export interface Redirect {
  readonly status?: number | undefined;
  readonly https?: boolean | undefined;
  readonly scheme?: string | undefined;
  readonly host?: string | undefined;
  readonly port?: number | undefined;
  readonly path?: string | undefined;
  readonly prefix?: string | undefined;
  /** Of the path: what the pattern matches is replaced. */
  readonly regex?: { readonly pattern: string; readonly substitution: string } | undefined;
  readonly strip_query?: boolean | undefined;
}

/** A service that gets copies of requests; its answers are dropped. */
export interface Mirror {
  readonly service_name: string;
  readonly percent: number;
}

/** When a request is tried again. Times are milliseconds. */
export interface Retries {
  readonly attempts: number;
  readonly on?: readonly string[] | undefined;
  readonly per_try_timeout?: number | undefined;
  readonly per_try_idle_timeout?: number | undefined;
  readonly status_codes?: readonly number[] | undefined;
  /** Of answers, by name. */
  readonly headers?: Readonly<Record<string, TextMatch>> | undefined;
  readonly backoff?: { readonly base: number; readonly max?: number | undefined } | undefined;
  readonly previous_hosts?: boolean | undefined;
  readonly host_attempts?: number | undefined;
  readonly hedge_on_per_try_timeout?: boolean | undefined;
}

/** The key of a rate limit: exactly one of these. */
export interface RateLimitKey {
  readonly client_address?: true | undefined;
  /** Where a request has none of the headers, its client's address counts. */
  readonly header?: string | undefined;
}

/** How many requests a route takes: `requests` in each `per` milliseconds, `burst` at once. */
export interface RateLimit {
  /** Without any, all requests count together. */
  readonly by?: readonly RateLimitKey[] | undefined;
  readonly requests: number;
  readonly per: number;
  readonly burst?: number | undefined;
  readonly status?: number | undefined;
  readonly headers?: boolean | undefined;
}

/** Which pages of other origins may ask, and how. */
export interface Cors {
  readonly allow_origins: readonly TextMatch[];
  readonly allow_methods?: readonly string[] | undefined;
  readonly allow_headers?: readonly string[] | undefined;
  readonly expose_headers?: readonly string[] | undefined;
  /** Milliseconds. */
  readonly max_age?: number | undefined;
  readonly allow_credentials?: boolean | undefined;
}

/** Faults that Envoy makes, for tests of clients. Times are milliseconds, shares percents. */
export interface Fault {
  readonly delay?: { readonly time: number; readonly percent: number } | undefined;
  readonly abort?: { readonly status: number; readonly percent: number } | undefined;
}

/** Which clients may ask, by their addresses: those of `allow`, and none of `deny`; CIDR ranges or single addresses. */
export interface ClientAddresses {
  readonly allow?: readonly string[] | undefined;
  readonly deny?: readonly string[] | undefined;
  /** The address that the listener finds in headers counts, not the one that the connection comes from. */
  readonly forwarded?: boolean | undefined;
}

/** What a request must bring to be one of a consumer's; all of it where there are several. The consumers stand elsewhere. */
export interface Auth {
  /** A key in a header or a query parameter. */
  readonly api_key?:
    | {
        readonly header?: string | undefined;
        readonly query?: string | undefined;
        readonly hide?: boolean | undefined;
      }
    | undefined;
  /** HTTP Basic: a user name and a password. */
  readonly basic?: { readonly hide?: boolean | undefined } | undefined;
  readonly token?: TokenAuth | undefined;
}

/** A signed token (JWT) in a header, a query parameter or a cookie. */
export interface TokenAuth {
  readonly header?: string | undefined;
  readonly query?: string | undefined;
  readonly cookie?: string | undefined;
  /** The claim that names the key of its consumer; `key` where nothing is said. */
  readonly claim?: string | undefined;
  /** The service does not see it. */
  readonly hide?: boolean | undefined;
}

/** What requests are told apart by, for a consistent load balancer: one of these. */
export interface HashPolicy {
  readonly header?: string | undefined;
  /** With `ttl`, milliseconds, Envoy hands the cookie out where it is missing; 0 is one that ends with the browser. */
  readonly cookie?:
    | { readonly name: string; readonly ttl?: number | undefined; readonly path?: string | undefined }
    | undefined;
  readonly source_ip?: true | undefined;
  readonly query?: string | undefined;
  /** If it finds something, those after it do not count. */
  readonly terminal?: boolean | undefined;
}

/** The metadata that instances must have. */
export type Subset = Readonly<Record<string, string>>;

/** A route as an operator means it, wherever it was written. Times are milliseconds. */
export interface RouteRule {
  readonly name?: string | undefined;
  readonly hosts?: readonly string[] | undefined;
  /** The listeners that have the route; every HTTP listener where nothing is said. */
  readonly listeners?: readonly string[] | undefined;
  /** The higher one wins, whatever matches closer. */
  readonly priority?: number | undefined;
  /** Among rules of one host and one path the higher one wins, whatever else they ask for. */
  readonly path_priority?: number | undefined;
  /** In place of the number of its conditions, by which the order of rules of one path is found. */
  readonly asks?: number | undefined;
  readonly match: RouteMatch;
  readonly service_name?: string | undefined;
  readonly weighted?:
    | readonly {
        readonly service_name: string;
        readonly weight: number;
        /** Beside the route's own. */
        readonly subset?: Subset | undefined;
        /** In place of the request's host, for this part. */
        readonly host?: string | undefined;
      }[]
    | undefined;
  readonly subset?: Subset | undefined;
  readonly hash_policy?: readonly HashPolicy[] | undefined;
  readonly redirect?: Redirect | undefined;
  readonly direct_response?: { readonly status: number; readonly body?: string | undefined } | undefined;
  readonly rewrite?: Rewrite | undefined;
  readonly headers?:
    | { readonly request?: HeaderEdit | undefined; readonly response?: HeaderEdit | undefined }
    | undefined;
  readonly mirror?: readonly Mirror[] | undefined;
  readonly timeout?: number | undefined;
  readonly idle_timeout?: number | undefined;
  /** Of a whole stream, in the place of `timeout`. */
  readonly max_stream_duration?: number | undefined;
  /** The longest `grpc-timeout` that a client may ask for; 0 takes any. */
  readonly grpc_timeout?: number | undefined;
  readonly retries?: Retries | undefined;
  readonly rate_limit?: RateLimit | undefined;
  readonly cors?: Cors | undefined;
  readonly fault?: Fault | undefined;
  readonly client_addresses?: ClientAddresses | undefined;
  readonly auth?: Auth | undefined;
  /** Calls of gRPC-Web, as browsers make them, go on as gRPC. */
  readonly grpc_web?: boolean | undefined;
  readonly response?: ResponseRewrite | undefined;
  readonly websocket?: boolean | undefined;
  /** Put over the route as Envoy's own JSON. */
  readonly envoy?: EnvoyJson | undefined;
}

/** Settings of the virtual hosts whose domains `hosts` cover. */
export interface VirtualHostRule {
  readonly hosts: readonly string[];
  readonly envoy: EnvoyJson;
}

/** The services that a route sends requests to. */
export function servicesOf(rule: RouteRule): readonly string[] {
  const names = [
    rule.service_name,
    ...(rule.weighted ?? []).map((part) => part.service_name),
    ...(rule.mirror ?? []).map((mirror) => mirror.service_name),
  ];
  return names.filter((name) => name !== undefined);
}

/** The subsets of services that a route sends requests to: the service and the metadata keys that choose among it. */
export function subsetsOf({
  service_name,
  weighted = [],
  subset,
}: RouteRule): readonly { readonly service: string; readonly keys: readonly string[] }[] {
  const targets = [...weighted, ...(service_name === undefined ? [] : [{ service_name, subset }])];
  return targets.flatMap((target) => {
    const keys = Object.keys({ ...subset, ...target.subset }).sort();
    return keys.length === 0 ? [] : [{ service: target.service_name, keys }];
  });
}
