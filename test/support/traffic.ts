import { setTimeout } from 'node:timers/promises';
import { Agent, request } from 'undici';

/** Milliseconds between two requests of a steady asker. */
const PACE = 5;

export interface Answer {
  readonly status: number;
  /** The name of the sample service that answered; empty where it was Envoy itself. */
  readonly service: string;
  readonly path: string;
  /** What Envoy says of it, where it is not 200. */
  readonly reason: string;
}

/** Requests through an Envoy, as its clients make them. */
export class Traffic {
  readonly #agent: Agent;

  /** @param connections the most at a time: requests beyond wait */
  constructor(
    readonly port: number,
    connections = 16,
  ) {
    this.#agent = new Agent({ connections, pipelining: 1 });
  }

  async get(path: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    const answer = await request(`http://127.0.0.1:${this.port}${path}`, {
      dispatcher: this.#agent,
      headers,
    });
    const text = await answer.body.text();
    return {
      reason: answer.statusCode === 200 ? '' : text,
      status: answer.statusCode,
      service: String(answer.headers['x-service'] ?? ''),
      path: String(answer.headers['x-path'] ?? ''),
    };
  }

  /** How many of `count` requests each service answered; an answer of Envoy itself counts under its status. */
  async count(path: string, count: number): Promise<Readonly<Record<string, number>>> {
    const counts: Record<string, number> = {};
    let left = count;
    const worker = async () => {
      while (left-- > 0) {
        const { status, service } = await this.get(path);
        const key = status === 200 ? service : String(status);
        counts[key] = (counts[key] ?? 0) + 1;
      }
    };
    await Promise.all(Array.from({ length: 8 }, worker));
    return counts;
  }

  /**
   * Asks these paths in turn, steadily, a few at a time, until told to stop; failures are answers other than 200 and
   * broken connections.
   */
  steady(...paths: readonly string[]): {
    stop(): Promise<{ readonly requests: number; readonly failures: readonly string[] }>;
  } {
    let going = true;
    let requests = 0;
    const failures: string[] = [];
    const worker = async () => {
      while (going) {
        const path = paths[requests % paths.length] ?? '/';
        requests += 1;
        const outcome = await this.get(path).then(
          ({ status }) => (status === 200 ? undefined : `${path} ${status}`),
          (error: unknown) => `${path} ${String(error)}`,
        );
        if (outcome !== undefined) failures.push(outcome);
        await setTimeout(PACE);
      }
    };
    const workers = [worker(), worker()];
    return {
      stop: async () => {
        going = false;
        await Promise.all(workers);
        return { requests, failures };
      },
    };
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }
}
