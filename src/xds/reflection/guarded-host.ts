import type { ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';
import type { Call, Open } from '../guard/gate.js';
import { endSilent } from '../guard/silence.js';
import type { ServiceHost } from '../services.js';
import type { StreamCall } from '../stream-call.js';

/** Bytes of a question, which has the name of a symbol or a file. */
const MOST_BYTES = 4_096;

/** What a handler of questions and answers uses of its call. */
interface Dialogue extends Call, Pick<StreamCall, 'pause' | 'resume' | 'end' | 'emit'> {
  on(event: 'data', listener: (question: unknown) => void): unknown;
  on(event: 'end' | 'error' | 'cancelled', listener: () => void): unknown;
  write(answer: unknown, written: () => void): unknown;
}

/** Adds services of somebody else's, whose handlers answer whatever comes, so that they keep to what the port's own do. */
export function guardedHost(host: ServiceHost, open: Open, silence: number): ServiceHost {
  return {
    addService: (service, implementation) =>
      host.addService(bounded(service), guarded(implementation, open, silence)),
  };
}

function bounded(service: ServiceDefinition): ServiceDefinition {
  const methods = Object.entries(service).map(([name, method]) => {
    const requestDeserialize = (bytes: Buffer): unknown => {
      if (bytes.length > MOST_BYTES) throw new Error('too large');
      return method.requestDeserialize(bytes);
    };
    return [name, { ...method, requestDeserialize }];
  });
  return Object.fromEntries(methods);
}

function guarded(
  implementation: UntypedServiceImplementation,
  open: Open,
  silence: number,
): UntypedServiceImplementation {
  const handlers = Object.entries(implementation).map(([name, handler]) => {
    const converse = handler as unknown as (call: Pick<Dialogue, 'on' | 'end'>) => void;
    return [
      name,
      (call: Dialogue) => {
        const opened = open(call, () => undefined);
        if (opened.refusal !== undefined) {
          call.emit('error', { ...opened.refusal, message: opened.refusal.details, name: 'Error' });
          return;
        }
        for (const end of ['end', 'error', 'cancelled'] as const) call.on(end, () => opened.open.close());
        endSilent(call, silence);
        converse(oneByOne(call));
      },
    ];
  });
  return Object.fromEntries(handlers);
}

/** Each question is answered when the client has read the answer before. */
function oneByOne(call: Dialogue) {
  call.on('data', () => call.pause());
  return {
    on: call.on.bind(call),
    end: () => call.end(),
    write: (answer: unknown) => call.write(answer, () => call.resume()),
  };
}
