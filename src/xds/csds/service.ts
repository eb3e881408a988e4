import type {
  MethodDefinition,
  ServerDuplexStream,
  ServerWritableStream,
  UntypedServiceImplementation,
} from '@grpc/grpc-js';
import type { Logger } from 'pino';
import type { Open } from '../guard/gate.js';
import { endSilent } from '../guard/silence.js';
import { asIs, toBuffer } from '../services.js';
import { Answers, AskingCall, type ClientStatus, type StatusCall } from './asking-call.js';
import { REQUEST } from './question.js';

/** The client status discovery service. */
export const CLIENT_STATUS_SERVICE = {
  name: 'envoy.service.status.v3.ClientStatusDiscoveryService',
  request: REQUEST,
  response: 'envoy.service.status.v3.ClientStatusResponse',
  methods: [
    { name: 'StreamClientStatus', streaming: true },
    { name: 'FetchClientStatus', streaming: false },
  ],
} as const;

/**
 * Definition and handlers for grpc-js.
 * @param open opens a call, or says why the client may not ask
 * @param idleTime how long nothing may come on a stream, milliseconds
 */
export function clientStatusService(
  answer: ClientStatus,
  open: Open,
  { idleTime, logger }: { readonly idleTime: number; readonly logger: Logger },
) {
  const definition = Object.fromEntries(
    CLIENT_STATUS_SERVICE.methods.map(({ name, streaming }) => [name, methodDefinition(name, streaming)]),
  );
  const answers = new Answers(answer);
  const opened = (call: StatusCall): AskingCall | undefined => {
    const { open: admitted, refusal } = open(call, (again) => {
      if (again.refusal !== undefined) call.emit('error', again.refusal);
    });
    if (refusal === undefined) return new AskingCall(call, admitted, answers, logger);
    call.emit('error', refusal);
    return undefined;
  };
  const handlers: UntypedServiceImplementation = {
    StreamClientStatus: (call: ServerDuplexStream<Uint8Array, Uint8Array>) => {
      const asking = opened(call);
      if (asking === undefined) return;
      endSilent(call, idleTime);
      call.on('data', (request: Uint8Array) => {
        // The next question stays on the wire until the client has read the answer to this one.
        call.pause();
        asking.ask(request).then(
          () => call.resume(),
          (thrown: unknown) => asking.fail(thrown),
        );
      });
      call.on('end', () => call.end());
    },
    FetchClientStatus: (call: ServerWritableStream<Uint8Array, Uint8Array>) => {
      const asking = opened(call);
      if (asking === undefined) return;
      asking.ask(call.request).then(
        () => {
          call.end();
          asking.close();
        },
        (thrown: unknown) => asking.fail(thrown),
      );
    },
  };
  return { definition, handlers };
}

function methodDefinition(name: string, streaming: boolean): MethodDefinition<Uint8Array, Uint8Array> {
  return {
    path: `/${CLIENT_STATUS_SERVICE.name}/${name}`,
    requestStream: streaming,
    // Of one answer too: on the wire that is the same, and only a stream tells when it has been read.
    responseStream: true,
    requestSerialize: toBuffer,
    requestDeserialize: asIs,
    responseSerialize: toBuffer,
    responseDeserialize: asIs,
  };
}
