import { Agent, request } from 'undici';

/** An instance as tests register it, on a node of the catalogue that is no agent's, so that nobody takes it out. */
export interface CatalogEntry {
  readonly service: string;
  /** By default `node`. */
  readonly node?: string;
  readonly nodeAddress?: string;
  /** By default the service's name. */
  readonly id?: string;
  readonly address?: string;
  readonly port?: number;
  readonly tags?: readonly string[];
  readonly meta?: Readonly<Record<string, string>> | null;
  readonly weight?: number;
  /** The status of the instance's check; no check where there is none. */
  readonly check?: 'passing' | 'warning' | 'critical';
}

/** A small client of Consul's catalogue, for tests to write with. */
export class ConsulCatalog {
  readonly #agent = new Agent({ headersTimeout: 30_000 });

  constructor(
    private readonly url: string,
    private readonly token?: string,
  ) {}

  async register(entry: CatalogEntry): Promise<void> {
    const { service, node = 'node', nodeAddress = '10.1.0.1', id = service, weight, check } = entry;
    await this.put('/v1/catalog/register', {
      Node: node,
      Address: nodeAddress,
      Service: {
        ID: id,
        Service: service,
        Address: entry.address ?? '',
        Port: entry.port ?? 0,
        Tags: entry.tags ?? [],
        Meta: entry.meta ?? null,
        ...(weight !== undefined && { Weights: { Passing: weight, Warning: 1 } }),
      },
      ...(check !== undefined && {
        Check: { Node: node, CheckID: `check:${id}`, Name: id, ServiceID: id, Status: check },
      }),
    });
  }

  /** Sets a check of a whole node. */
  async checkNode(node: string, status: 'passing' | 'critical', nodeAddress = '10.1.0.1'): Promise<void> {
    const check = { Node: node, CheckID: 'alive', Name: 'alive', Status: status };
    await this.put('/v1/catalog/register', {
      Node: node,
      Address: nodeAddress,
      SkipNodeUpdate: true,
      Check: check,
    });
  }

  async moveNode(node: string, address: string): Promise<void> {
    await this.put('/v1/catalog/register', { Node: node, Address: address });
  }

  /** Takes an instance out, or the whole node where no id is given. */
  async deregister(node: string, id?: string): Promise<void> {
    await this.put('/v1/catalog/deregister', { Node: node, ...(id !== undefined && { ServiceID: id }) });
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  async put(path: string, body: unknown): Promise<unknown> {
    const answer = (await this.#ask('PUT', path, JSON.stringify(body))).toString('utf8');
    return answer === '' ? undefined : JSON.parse(answer);
  }

  async delete(path: string): Promise<void> {
    await this.#ask('DELETE', path);
  }

  /** Everything that the server holds. */
  async snapshot(): Promise<Buffer> {
    return await this.#ask('GET', '/v1/snapshot');
  }

  async restore(snapshot: Buffer): Promise<void> {
    await this.#ask('PUT', '/v1/snapshot', snapshot);
  }

  async #ask(method: 'GET' | 'PUT' | 'DELETE', path: string, body?: string | Buffer): Promise<Buffer> {
    const answer = await request(`${this.url}${path}`, {
      method,
      dispatcher: this.#agent,
      headers: this.token === undefined ? {} : { 'x-consul-token': this.token },
      ...(body !== undefined && { body }),
    });
    const bytes = Buffer.from(await answer.body.arrayBuffer());
    if (answer.statusCode === 200) return bytes;
    throw new Error(`consul: ${method} ${path}: ${answer.statusCode} ${bytes.toString('utf8')}`);
  }
}
