import { numberOf, textOf } from '../../text-of.js';
import type { HttpAnswer } from '../http/http-client.js';

export type JsonObject = Readonly<Record<string, unknown>>;

/** One answer of Consul, with the index from which a blocking query goes on. */
export interface Indexed<T> {
  readonly value: T;
  readonly index: number;
}

/** A check that does not pass. A check of a whole node names no service. */
export interface Trouble {
  readonly node: string;
  readonly service: string | undefined;
}

/** A service's registration on a node. */
export interface Registration {
  readonly service: string;
  readonly modified: number;
}

/** The registrations of each node, by the ids of the services. */
export type NodeRegistrations = ReadonlyMap<string, ReadonlyMap<string, Registration>>;

/** @throws SignalboxError where the answer is none of a Consul's */
export function indexOf(answer: HttpAnswer): number {
  const header = answer.headers['x-consul-index'] ?? '';
  if (!/^\d+$/.test(header)) throw answer.errors.badAnswer('no X-Consul-Index: this is no Consul');
  return Number(header);
}

/** Whether ACLs took something out of the answer; only later Consuls say so. */
export function isFilteredByAcls(answer: HttpAnswer): boolean {
  return answer.headers['x-consul-results-filtered-by-acls'] === 'true';
}

/** The names in the answer of `/v1/catalog/services`. */
export function readNames(answer: HttpAnswer): ReadonlySet<string> {
  const names = answer.json();
  if (!isObject(names)) throw answer.errors.badAnswer('this is no list of services');
  return new Set(Object.keys(names));
}

/** What `/v1/health/service/…` and other lists hold, unchecked. */
export function readList(answer: HttpAnswer): readonly unknown[] {
  const list = answer.json();
  if (!Array.isArray(list)) throw answer.errors.badAnswer('this is no list');
  return list;
}

/** The nodes of `/v1/catalog/nodes` and when each was changed last. */
export function readNodes(answer: HttpAnswer): ReadonlyMap<string, number> {
  const nodes = readList(answer).map((node): [string, number] | undefined =>
    isObject(node) && typeof node.Node === 'string' ? [node.Node, numberOf(node.ModifyIndex)] : undefined,
  );
  return new Map(nodes.filter((node) => node !== undefined));
}

/** The checks of `/v1/health/state/any` that do not pass, by a text that holds all that matters of each. */
export function readTroubles(answer: HttpAnswer): ReadonlyMap<string, Trouble> {
  const troubles = new Map<string, Trouble>();
  for (const check of readList(answer)) {
    if (!isObject(check) || check.Status === 'passing' || typeof check.Node !== 'string') continue;
    const { Node: node, ServiceName: name } = check;
    const service = typeof name === 'string' && name !== '' ? name : undefined;
    const { ServiceID: id, CheckID: checkId, Status: status } = check;
    const key = JSON.stringify([node, service, ...[id, checkId, status].map(textOf)]);
    troubles.set(key, { node, service });
  }
  return troubles;
}

/** The registrations of `/v1/catalog/node/…`, by the ids of the services; none where there is no such node. */
export function readRegistrations(answer: HttpAnswer): ReadonlyMap<string, Registration> {
  const node = answer.status === 404 ? null : answer.json();
  const services = isObject(node) ? node.Services : undefined;
  return registrationsOf(isObject(services) ? Object.values(services) : []);
}

/** The registrations of `/v1/internal/ui/nodes`; undefined where the answer is not of the form that is known. */
export function readNodeDump(answer: HttpAnswer): NodeRegistrations | undefined {
  const nodes = answer.json();
  if (!Array.isArray(nodes)) return undefined;
  const dump = new Map<string, ReadonlyMap<string, Registration>>();
  for (const node of nodes as readonly unknown[]) {
    if (!isObject(node) || typeof node.Node !== 'string') return undefined;
    if (!Array.isArray(node.Services) && node.Services !== null) return undefined;
    dump.set(node.Node, registrationsOf(node.Services ?? []));
  }
  return dump;
}

function registrationsOf(services: readonly unknown[]): ReadonlyMap<string, Registration> {
  const registrations = new Map<string, Registration>();
  for (const service of services) {
    if (isObject(service) && typeof service.Service === 'string')
      registrations.set(textOf(service.ID), {
        service: service.Service,
        modified: numberOf(service.ModifyIndex),
      });
  }
  return registrations;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
