import type { HttpBindings } from '@hono/node-server';
import type { Context } from 'hono';
import { printableJson } from '../base/printable.js';
import type { Secret } from '../config/secret.js';
import type { EventFeed } from './event-feed.js';
import { isKnown } from './guard.js';
import { json } from './json.js';

/** How many may listen at once. */
const MOST_LISTENERS = 64;
/** Bytes that wait for one client; who lets more wait is too slow. */
const MOST_WAITING = 256 * 1024;
/** Milliseconds between signs of life, so that nobody in between takes a quiet stream for a dead one. */
const HEARTBEAT = 15_000;

/**
 * `/events`: server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html), bounded for each
 * client: one that does not read is cut off, and asks anew for what it has missed when it comes back.
 */
export class EventStreams {
  #open = 0;

  constructor(
    private readonly feed: EventFeed,
    private readonly waiting = MOST_WAITING,
  ) {}

  /** @param token what the client has sent; the stream ends when it is no longer the one */
  answer(c: Context, token: () => Secret | undefined): Response {
    if (this.#open >= MOST_LISTENERS)
      return json(c, { error: `${MOST_LISTENERS} clients listen already` }, 503);
    this.#open += 1;
    let end: () => void = () => undefined;
    const stream = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          end = this.#follow(
            controller,
            () => isKnown(c, token),
            () => outgoing(c)?.destroy(),
          );
        },
        cancel: () => end(),
      },
      new ByteLengthQueuingStrategy({ highWaterMark: this.waiting }),
    );
    return c.body(stream, 200, { 'content-type': 'text/event-stream' });
  }

  #follow(
    controller: ReadableStreamDefaultController<Uint8Array>,
    isAllowed: () => boolean,
    cut: () => void,
  ): () => void {
    const send = (text: string) => {
      const bytes = Buffer.from(text);
      if (isAllowed() && bytes.length <= (controller.desiredSize ?? 0)) return controller.enqueue(bytes);
      end();
      controller.close();
      cut();
    };
    const stop = this.feed.listen(({ event, data }) =>
      send(`event: ${event}\ndata: ${printableJson(JSON.stringify(data))}\n\n`),
    );
    const beat = setInterval(() => send(': still here\n\n'), HEARTBEAT).unref();
    let over = false;
    const end = () => {
      if (over) return;
      over = true;
      stop();
      clearInterval(beat);
      this.#open -= 1;
    };
    send('retry: 2000\n\n');
    return end;
  }
}

/** The connection, where there is one: a stream that fails is not noticed while nobody reads what was sent. */
function outgoing(c: Context): { destroy(): unknown } | undefined {
  return (c.env as Partial<HttpBindings> | undefined)?.outgoing;
}
