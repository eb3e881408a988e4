import { Agent, request } from 'undici';
import { NotSent } from '../writer.js';
import { WRITE_PATIENCE } from './registry.js';

/** A client of a registry's HTTP API that tells requests that were never sent from those whose outcome is unknown. */
export class RegistryHttp {
  readonly #agent = new Agent({
    headersTimeout: WRITE_PATIENCE,
    bodyTimeout: WRITE_PATIENCE,
    connect: { timeout: WRITE_PATIENCE },
  });

  async ask(
    method: 'GET' | 'PUT' | 'POST' | 'DELETE',
    url: string,
    body?: string,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<string> {
    try {
      const answer = await request(url, {
        method,
        headers,
        dispatcher: this.#agent,
        ...(body !== undefined && { body }),
      });
      const text = await answer.body.text();
      if (answer.statusCode >= 300) throw new Error(`${method} ${url}: ${answer.statusCode} ${text}`);
      return text;
    } catch (thrown) {
      if (isRefused(thrown)) throw new NotSent(url, { cause: thrown });
      throw thrown;
    }
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }
}

function isRefused(thrown: unknown): boolean {
  return thrown instanceof Error && 'code' in thrown && thrown.code === 'ECONNREFUSED';
}
