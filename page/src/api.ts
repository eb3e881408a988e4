const KEY = 'signalbox-token';

/** The admin API refuses to answer without its token. */
export class TokenWanted extends Error {}

export function keepToken(token: string): void {
  sessionStorage.setItem(KEY, token);
}

/** Asks the admin API that this page comes from. @throws TokenWanted, or an Error with what it says */
export async function ask<T>(path: string, method: 'GET' | 'POST' = 'GET', signal?: AbortSignal): Promise<T> {
  const response = await send(path, method, signal);
  const answer = await response.json().catch(() => ({}));
  if (response.status === 401) throw new TokenWanted();
  if (!response.ok) throw new Error(String(answer.error ?? `HTTP ${response.status}`));
  return answer as T;
}

async function send(path: string, method: 'GET' | 'POST', signal?: AbortSignal): Promise<Response> {
  const token = sessionStorage.getItem(KEY);
  return await fetch(path, {
    method,
    headers: token === null ? {} : { authorization: `Bearer ${token}` },
    ...(signal !== undefined && { signal }),
  });
}

/**
 * Reads `/events` until it ends. EventSource cannot send a token, so the stream is read here.
 * @param tell called with the kind of each event, first with `open`
 */
export async function readEvents(tell: (event: string) => void, signal: AbortSignal): Promise<void> {
  const response = await send('/events', 'GET', signal);
  if (response.status === 401) throw new TokenWanted();
  if (!response.ok || response.body === null) throw new Error(`HTTP ${response.status}`);
  tell('open');
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const parts = (text + value).split('\n\n');
    text = parts.pop() ?? '';
    for (const part of parts) {
      const event = /^event: (\w+)$/m.exec(part)?.[1];
      if (event !== undefined) tell(event);
    }
  }
}
