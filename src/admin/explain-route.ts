import type { RouteDocument } from '../documents/documents.js';
import { type RouteRule, servicesOf } from '../model/route.js';
import { inOrder } from '../resources/route/order.js';
import { TYPE_URL } from '../snapshot/type-url.js';
import { type Carrier, type CarrierSubject, carriersOf, withheld } from './carriers.js';
import { routeView } from './route-documents.js';

/** A document with the rule in it that was asked for; without one where none of it is in force. */
interface Found {
  readonly document: RouteDocument;
  readonly rule: RouteRule | undefined;
}

export interface RouteExplanation {
  readonly id: string;
  readonly source: string;
  readonly state: ReturnType<typeof routeView>['state'];
  /** Why its document is rejected. */
  readonly reason?: string;
  readonly rule: RouteRule | null;
  readonly services: readonly string[];
  /** The route configurations that have it. */
  readonly resources: readonly Carrier[];
  readonly release: ReturnType<typeof withheld>;
}

/**
 * The routes that a query means: by name, by where they stand, by the text of their match, or by a path that they take;
 * in the order in which they are tried for one host.
 */
export async function explainRoutes(
  query: string,
  documents: readonly RouteDocument[],
  subject: CarrierSubject,
): Promise<readonly RouteExplanation[]> {
  const found = documents.flatMap((document): readonly Found[] => {
    if (document.id === query)
      return document.rules.length > 0
        ? document.rules.map((rule) => ({ document, rule }))
        : [{ document, rule: undefined }];
    return document.rules.filter((rule) => means(query, rule)).map((rule) => ({ document, rule }));
  });
  const rules = found.flatMap(({ rule }) => rule ?? []);
  const order = new Map(inOrder('*', rules).map((rule, index) => [rule, index]));
  const place = ({ rule }: Found) => (rule && order.get(rule)) ?? order.size;
  const sorted = [...found].sort((a, b) => place(a) - place(b));
  return await Promise.all(sorted.map((one) => explained(one, subject)));
}

async function explained({ document, rule }: Found, subject: CarrierSubject): Promise<RouteExplanation> {
  const { id, source, state, reason } = routeView(document);
  const routes = subject.snapshot().set(TYPE_URL.route);
  const inForce = rule !== undefined && state !== 'disabled';
  const listeners = inForce ? (rule.listeners ?? [...routes.values()].map(({ name }) => name)) : [];
  const resources = await carriersOf(
    listeners.map((name) => routes.get(name)),
    subject,
  );
  const names = new Set(listeners);
  return {
    ...{ id, source, state },
    ...(reason !== undefined && { reason }),
    rule: rule ?? null,
    services: rule === undefined ? [] : servicesOf(rule),
    resources,
    release: withheld(subject.releaseStatus(), ({ type, name }) => type === 'RDS' && names.has(name)),
  };
}

function means(query: string, { name, match }: RouteRule): boolean {
  const { prefix, starts_with, path, regex, template } = match;
  if ([name, prefix, starts_with, path, regex, template].includes(query)) return true;
  if (!query.startsWith('/')) return false;
  return (
    (prefix !== undefined && `${query}/`.startsWith(prefix.endsWith('/') ? prefix : `${prefix}/`)) ||
    (starts_with !== undefined && query.startsWith(starts_with))
  );
}
