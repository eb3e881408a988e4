import type { EnvoyJson } from './envoy-json.js';

/** How a header or a query parameter is matched: one of these, turned round by `invert`. */
export interface TextMatch {
  readonly exact?: string | undefined;
  readonly prefix?: string | undefined;
  readonly suffix?: string | undefined;
  readonly contains?: string | undefined;
  readonly regex?: string | undefined;
  readonly present?: boolean | undefined;
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
}

export interface HeaderEdit {
  readonly set?: Readonly<Record<string, string>> | undefined;
  readonly add?: Readonly<Record<string, string>> | undefined;
  readonly remove?: readonly string[] | undefined;
}

export interface Rewrite {
  readonly prefix?: string | undefined;
  readonly regex?: { readonly pattern: string; readonly substitution: string } | undefined;
  readonly host?: string | undefined;
}

export interface Redirect {
  readonly status?: number | undefined;
  readonly scheme?: string | undefined;
  readonly host?: string | undefined;
  readonly port?: number | undefined;
  readonly path?: string | undefined;
  readonly prefix?: string | undefined;
  readonly strip_query?: boolean | undefined;
}

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
  readonly match: RouteMatch;
  readonly service_name?: string | undefined;
  readonly weighted?: readonly { readonly service_name: string; readonly weight: number }[] | undefined;
  readonly redirect?: Redirect | undefined;
  readonly direct_response?: { readonly status: number; readonly body?: string | undefined } | undefined;
  readonly rewrite?: Rewrite | undefined;
  readonly headers?:
    | { readonly request?: HeaderEdit | undefined; readonly response?: HeaderEdit | undefined }
    | undefined;
  readonly mirror?: { readonly service_name: string; readonly percent: number } | undefined;
  readonly timeout?: number | undefined;
  readonly idle_timeout?: number | undefined;
  readonly retries?:
    | {
        readonly attempts: number;
        readonly on?: readonly string[] | undefined;
        readonly per_try_timeout?: number | undefined;
      }
    | undefined;
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
    rule.mirror?.service_name,
  ];
  return names.filter((name) => name !== undefined);
}
