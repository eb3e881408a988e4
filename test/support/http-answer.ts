import type { HttpAnswer } from '../../src/discovery/http/http-client.js';
import { HttpErrors } from '../../src/discovery/http/http-error.js';

/** An answer as a registry's HTTP client gives it. */
export function httpAnswer(body: string, headers: HttpAnswer['headers'] = {}, status = 200): HttpAnswer {
  const errors = new HttpErrors('GET http://127.0.0.1/', []);
  const json = (): unknown => {
    try {
      return JSON.parse(body);
    } catch {
      throw errors.badAnswer('no JSON');
    }
  };
  return { status, headers, body, errors, json };
}
