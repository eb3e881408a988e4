import type { GrpcServer } from '../base/grpc/grpc-server.js';
import type { XdsStream } from './stream.js';

/** What is still open so long after the last stream was sent away is cut off, milliseconds. */
const GRACE = 1_000;

/**
 * Closes a server for proxies to go elsewhere. Each connection gets a GOAWAY at once, which ends no stream and lets
 * none begin; the streams end one after the other, evenly over `milliseconds`, so that the replicas which take them
 * over meet no stampede.
 * @param cut destroys every connection
 */
export async function drain(
  server: GrpcServer,
  streams: Iterable<XdsStream>,
  milliseconds: number,
  cut: () => void,
): Promise<void> {
  const open = [...streams];
  const timers = open.map((stream, index) =>
    setTimeout(() => stream.end('the control plane is shutting down'), (milliseconds * index) / open.length),
  );
  const last = (milliseconds * Math.max(0, open.length - 1)) / Math.max(1, open.length);
  let forced: NodeJS.Timeout | undefined;
  await new Promise<void>((resolve) => {
    server.close().then(resolve, resolve);
    forced = setTimeout(() => {
      cut();
      // A connection that the network holds up may be told of its end late.
      forced = setTimeout(resolve, GRACE);
    }, last + GRACE);
  });
  for (const timer of [...timers, forced]) clearTimeout(timer);
}
