import type { Auth, HeaderEdit, RouteRule } from '../../model/route.js';
import type { Conditions } from './conditions.js';
import type { Upstream } from './upstream.js';

type Part = Partial<RouteRule>;

/** Requests that are answered by something else than the route's own upstream, or go to another one. */
interface Step {
  /** Any of these; tried in the order of the steps. */
  readonly when: readonly Conditions[];
  readonly rule: Part;
}

/** Where a share of requests goes; without an upstream, to the route's own. */
export interface Share {
  readonly upstream: Upstream | undefined;
  readonly weight: number;
}

interface Split {
  readonly when: readonly Conditions[];
  readonly shares: readonly Share[];
}

/** The combined effect of a route's plugins. */
export class RoutePlan {
  /** Answered by Envoy itself. */
  readonly answers: Step[] = [];
  readonly splits: Split[] = [];
  /** Upstreams that plugins bring. */
  readonly own: Upstream[] = [];
  /** Those that did not come by https are sent there. */
  toHttps = false;
  #everywhere: Part = {};
  #forward: Part = {};

  /** Applies to all rules of the route. */
  get everywhere(): Part {
    return this.#everywhere;
  }

  /** Applies to rules that forward to a service. */
  get forward(): Part {
    return this.#forward;
  }

  addEverywhere(part: Part): void {
    this.#everywhere = { ...this.#everywhere, ...part };
  }

  addForward(part: Part): void {
    this.#forward = { ...this.#forward, ...part };
  }

  /** A request must pass all of them. */
  addAuth(auth: Auth): void {
    this.addEverywhere({ auth: { ...this.#everywhere.auth, ...auth } });
  }

  addRequestHeaders(edit: HeaderEdit): void {
    const { headers } = this.#forward;
    this.addForward({ headers: { ...headers, request: together(headers?.request, edit) } });
  }

  addResponseHeaders(edit: HeaderEdit): void {
    const { headers } = this.#everywhere;
    this.addEverywhere({ headers: { response: together(headers?.response, edit) } });
  }
}

/** Both edits; where they set the same header, the second one counts. */
export function together(a: HeaderEdit | undefined, b: HeaderEdit): HeaderEdit {
  if (a === undefined) return b;
  const record = (key: 'if_absent' | 'set' | 'add') =>
    (a[key] ?? b[key]) === undefined ? {} : { [key]: { ...a[key], ...b[key] } };
  const remove = [...(a.remove ?? []), ...(b.remove ?? [])];
  return {
    ...record('if_absent'),
    ...record('set'),
    ...record('add'),
    ...(remove.length > 0 && { remove }),
  };
}
