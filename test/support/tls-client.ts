import { connect as connectHttp2 } from 'node:http2';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';

/** A TLS connection after its handshake; fails where the server does not want it. */
export async function handshake(
  port: number,
  options: ConnectionOptions & { readonly servername: string },
): Promise<TLSSocket> {
  return await new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, ALPNProtocols: ['http/1.1'], ...options }, () =>
      resolve(socket),
    );
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('closed')));
  });
}

/** The common name of the certificate that a server shows for a name. */
export async function shownFor(
  port: number,
  servername: string,
  options: ConnectionOptions = {},
): Promise<string> {
  const socket = await handshake(port, { ...options, servername });
  const { CN } = socket.getPeerCertificate().subject;
  socket.destroy();
  return String(CN);
}

/** The head of the answer to `GET /` over a connection that stays open; fails where it does not. */
export async function getOver(socket: TLSSocket, host: string): Promise<string> {
  return await new Promise((resolve, reject) => {
    let text = '';
    const take = (chunk: Buffer) => {
      text += chunk;
      if (!/\r\n\r\n[\s\S]+\n/.test(text)) return;
      socket.off('data', take);
      resolve(text);
    };
    socket.on('data', take);
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('closed')));
    socket.write(`GET / HTTP/1.1\r\nhost: ${host}\r\n\r\n`);
  });
}

/** The status of `GET /` over HTTP/2. */
export async function http2Status(port: number, options: ConnectionOptions): Promise<number> {
  return await new Promise((resolve, reject) => {
    const session = connectHttp2(`https://127.0.0.1:${port}`, options);
    session.on('error', reject);
    const stream = session.request({ ':path': '/' });
    stream.on('error', reject);
    stream.on('response', (headers) => {
      resolve(Number(headers[':status']));
      session.destroy();
    });
  });
}
