import { request as ask } from 'node:http';
import { HttpFake } from './http-fake.js';

/** Passes requests on to a real server, and keeps them to be counted. */
export function recorderOf(server: string): HttpFake {
  return new HttpFake((request, response) => {
    const onward = ask(
      new URL(request.url ?? '/', server),
      { method: request.method, headers: request.headers },
      (answer) => {
        response.writeHead(answer.statusCode ?? 500, answer.headers);
        answer.pipe(response);
      },
    );
    onward.on('error', () => response.destroy());
    response.on('close', () => onward.destroy());
    request.pipe(onward);
  });
}
