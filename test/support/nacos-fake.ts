import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { HttpFake } from './http-fake.js';

export interface FakeReply {
  readonly status?: number;
  readonly body: unknown;
}

/** What was asked: the path without the prefix, with the fields of the query and of the form. */
export interface FakeCall {
  readonly path: string;
  readonly fields: URLSearchParams;
  readonly authorization: string | undefined;
}

/** A scripted Nacos of one scope, which answers by the APIs that it `offers`. */
export class NacosFake {
  readonly calls: FakeCall[] = [];
  /** The instances of each service. */
  services: Readonly<Record<string, readonly unknown[]>> = {};
  offers: readonly ('v1' | 'v3')[] = ['v3'];
  /** What it says for a path that it does not offer. */
  missing = 404;
  /** Decides about a call before the rest of the script does. */
  intercept: (call: FakeCall) => FakeReply | 'hang' | 'cut' | undefined = () => undefined;
  readonly #http = new HttpFake((request, response) => {
    this.#answer(request, response).catch(() => response.destroy());
  });

  async start(): Promise<this> {
    await this.#http.start();
    return this;
  }

  get url(): string {
    return this.#http.url;
  }

  async stop(): Promise<void> {
    await this.#http.stop();
  }

  /** The paths that were asked for, each once. */
  get paths(): readonly string[] {
    return [...new Set(this.calls.map(({ path }) => path))];
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', this.url);
    const form = new URLSearchParams(await text(request));
    const call = {
      path: url.pathname.replace(/^\/nacos/, ''),
      fields: new URLSearchParams([...url.searchParams, ...form]),
      authorization: request.headers.authorization,
    };
    this.calls.push(call);
    const reply = this.intercept(call) ?? this.#scripted(call);
    if (reply === 'hang') return;
    if (reply === 'cut') {
      response.destroy();
      return;
    }
    const { status = 200, body } = reply;
    response.writeHead(status).end(typeof body === 'string' ? body : JSON.stringify(body));
  }

  #scripted({ path, fields }: FakeCall): FakeReply {
    const offered = this.offers.some((version) => path.startsWith(`/${version}/`));
    if (!offered) return { status: this.missing, body: '' };
    const names = Object.keys(this.services);
    const group = fields.get('groupName') ?? fields.get('groupNameParam');
    const service = (fields.get('serviceName') ?? '').replace(/^.*@@/, '');
    switch (path) {
      case '/v1/ns/service/list':
        return { body: { count: names.length, doms: names } };
      case '/v1/ns/instance/list':
        return { body: { hosts: this.services[service] ?? [] } };
      case '/v3/admin/ns/service/list': {
        const pageItems = names.map((name) => ({ name, groupName: group }));
        return { body: { code: 0, message: 'success', data: { totalCount: names.length, pageItems } } };
      }
      case '/v3/client/ns/instance/list':
        return { body: { code: 0, message: 'success', data: this.services[service] ?? [] } };
      default:
        return { status: 404, body: '' };
    }
  }
}
