import type { z } from 'zod';
import * as answers from './answers.js';

/** One route of the admin API, as `/openapi.json` tells of it. */
export interface ApiPath {
  readonly method: 'get' | 'post';
  /** With `{name}` for what varies; that of a service may hold slashes. */
  readonly path: string;
  readonly summary: string;
  /** Of JSON; a text in the place of a schema is the media type of another answer. */
  readonly answer: z.ZodType | string;
  /** By the name of the query parameter. */
  readonly query?: Readonly<Record<string, string>>;
  /** The errors it may answer, beside 401, 403, 429 and 500. */
  readonly errors?: readonly (400 | 404 | 503)[];
  /** Needs no token. */
  readonly open?: true;
}

const LOAD = { sort: 'errors (the default), requests or latency' };

export const API_PATHS: readonly ApiPath[] = [
  { method: 'get', path: '/', summary: 'The page for people', answer: 'text/html', open: true },
  {
    method: 'get',
    path: '/page.js',
    summary: 'The program of the page',
    answer: 'text/javascript',
    open: true,
  },
  { method: 'get', path: '/page.css', summary: 'The looks of the page', answer: 'text/css', open: true },
  {
    method: 'get',
    path: '/openapi.json',
    summary: 'This description',
    answer: 'application/json',
    open: true,
  },
  {
    method: 'get',
    path: '/healthz',
    summary: 'Whether the process lives',
    answer: answers.healthz,
    open: true,
  },
  {
    method: 'get',
    path: '/readyz',
    summary: 'Whether proxies are served; without the token, the reason names nothing',
    answer: answers.readyz,
    open: true,
  },
  { method: 'get', path: '/services', summary: 'All services', answer: answers.services },
  {
    method: 'get',
    path: '/services/{name}',
    summary: 'A service with its instances, and those left out with the reason for each',
    answer: answers.service,
    errors: [404],
  },
  {
    method: 'get',
    path: '/registries',
    summary: 'The servers of the registries and their state',
    answer: answers.registries,
  },
  {
    method: 'get',
    path: '/v1/discovery/{registry}/dump',
    summary: "What a registry knows, as APISIX's control API shows it",
    answer: answers.discoveryDump,
    errors: [404],
  },
  {
    method: 'get',
    path: '/certificates',
    summary: 'The certificates of listeners',
    answer: answers.certificates,
  },
  { method: 'get', path: '/routes', summary: 'All routes and where they came from', answer: answers.routes },
  {
    method: 'get',
    path: '/proxies',
    summary: 'The open streams: what each was sent, has acknowledged and has refused',
    answer: answers.proxies,
    errors: [503],
  },
  {
    method: 'get',
    path: '/explain',
    summary: 'Why a service, an instance or a route is served as it is',
    query: { q: 'the name of a service, HOST:PORT of an instance, or the name, place or path of a route' },
    answer: answers.explanation,
    errors: [400, 404, 503],
  },
  {
    method: 'get',
    path: '/snapshots',
    summary: 'The last published versions, and what the last of them changed',
    query: { back: 'how many changes `diff` is to span, 1 by default' },
    answer: answers.snapshots,
    errors: [400],
  },
  {
    method: 'get',
    path: '/latency',
    summary: 'The last changes of registries and how long they took to the last acknowledgement',
    answer: answers.latency,
  },
  {
    method: 'get',
    path: '/load',
    summary: 'What proxies report of the services that have traffic',
    query: { ...LOAD, service: 'a part of the name' },
    answer: answers.load,
    errors: [400],
  },
  {
    method: 'get',
    path: '/load/{name}',
    summary: 'What proxies report of the instances of one service',
    query: LOAD,
    answer: answers.serviceLoad,
    errors: [400, 404],
  },
  { method: 'get', path: '/metrics', summary: 'For Prometheus', answer: 'text/plain' },
  {
    method: 'get',
    path: '/release',
    summary: 'What stands between what is wanted and what is served',
    answer: answers.release,
  },
  {
    method: 'get',
    path: '/config_dump',
    summary: "The resources, in the shape of Envoy's own /config_dump",
    answer: answers.configDump,
  },
  {
    method: 'get',
    path: '/events',
    summary: 'Server-sent events: snapshot, registry, proxies, release',
    answer: 'text/event-stream',
    errors: [503],
  },
  {
    method: 'post',
    path: '/registries/{registry}/release',
    summary: 'Believes the loss of instances that is held back',
    answer: answers.released,
    errors: [404],
  },
  {
    method: 'post',
    path: '/snapshots/{version}/pin',
    summary: 'Goes back to an earlier version until /unpin',
    answer: answers.pinned,
    errors: [404],
  },
  {
    method: 'post',
    path: '/unpin',
    summary: 'Goes on to the newest version',
    answer: answers.unpinned,
  },
];
