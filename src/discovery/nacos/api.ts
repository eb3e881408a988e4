import type { HttpAnswer } from '../http/http-client.js';
import type { NacosScope, NacosService } from './scope.js';

export interface NacosQuery {
  readonly path: string;
  readonly query: Readonly<Record<string, string | number>>;
}

/** One page of the services of a scope. */
export interface ServicePage {
  readonly names: readonly string[];
  /** How many entries the page had, those of other groups included. */
  readonly entries: number;
  /** How many entries all pages have. */
  readonly total: number;
}

/** One of the HTTP APIs of Nacos. What reads an answer throws `registry_bad_answer` for one that it cannot use. */
export interface NacosApi {
  readonly version: 'v1' | 'v3';
  services(scope: NacosScope, page: number, size: number): NacosQuery;
  readServices(answer: HttpAnswer, scope: NacosScope): ServicePage;
  instances(service: NacosService): NacosQuery;
  /** The entries as they are: which of them are any good is not said here. */
  readInstances(answer: HttpAnswer): readonly unknown[];
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
