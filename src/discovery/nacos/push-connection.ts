import {
  type CallOptions,
  Client,
  type ClientDuplexStream,
  type ClientUnaryCall,
  credentials,
} from '@grpc/grpc-js';
import { printable } from '../../base/printable.js';
import { messageOf, SignalboxError } from '../../errors.js';
import { textOf } from '../../text-of.js';
import { pause } from '../pause.js';
import { isRecord } from './api.js';
import { decodeMessage, encodeMessage, type Message } from './payload.js';
import type { NacosService } from './scope.js';

export interface PushTarget {
  /** `host:port` of the gRPC server. */
  readonly address: string;
  readonly namespace: string;
  /** Milliseconds until an answer. */
  readonly timeout: number;
  /** The largest message, bytes. */
  readonly maxAnswer: number;
  /** What shows who we are, for a request about this `GROUP@@service`. */
  readonly identity: (grouped: string, signal: AbortSignal) => Promise<Readonly<Record<string, string>>>;
  /** The server says what a service that was subscribed to is now. */
  readonly notify: (key: NacosService, entries: readonly unknown[]) => void;
}

/** What a server says of requests on a connection whose set-up it has not come to yet. */
const UNREGISTERED = 301;
const REQUEST = '/Request/request';
const STREAM = '/BiRequestStream/requestBiStream';

const asIs = (bytes: Buffer) => bytes;

/**
 * A gRPC connection as Nacos' own clients open one: notifications come on one stream, requests are calls beside it. It
 * serves one namespace, since notifications do not say theirs.
 */
export class PushConnection {
  readonly #client: Client;
  readonly #stream: ClientDuplexStream<Buffer, Buffer>;
  readonly #life = new AbortController();
  readonly #calls = new Set<ClientUnaryCall>();
  #lost: SignalboxError | undefined;
  #defect: { readonly thrown: unknown } | undefined;

  private constructor(private readonly target: PushTarget) {
    // Nacos takes a transport for the client: it must not be one that another source uses.
    this.#client = new Client(target.address, credentials.createInsecure(), {
      'grpc.use_local_subchannel_pool': 1,
      'grpc.enable_http_proxy': 0,
      'grpc.max_receive_message_length': target.maxAnswer,
    });
    this.#stream = this.#client.makeBidiStreamRequest(STREAM, asIs, asIs);
    this.#stream.on('data', (bytes: Buffer) => {
      try {
        this.#receive(decodeMessage(bytes));
      } catch (thrown) {
        // Out of the stream's event it would end the process.
        this.#defect = { thrown };
        this.#lose(messageOf(thrown));
      }
    });
    this.#stream.on('error', (error) => this.#lose(messageOf(error)));
    this.#stream.on('end', () => this.#lose('the server ended the stream'));
  }

  /** @throws SignalboxError where there is no such server, or it does not take us */
  static async open(target: PushTarget, signal: AbortSignal): Promise<PushConnection> {
    const connection = new PushConnection(target);
    const end = () => connection.close();
    signal.addEventListener('abort', end);
    connection.life.addEventListener('abort', () => signal.removeEventListener('abort', end));
    try {
      await connection.#setUp(signal);
      return connection;
    } catch (thrown) {
      connection.close();
      throw thrown;
    }
  }

  /** Aborted when the connection is lost or closed. */
  get life(): AbortSignal {
    return this.#life.signal;
  }

  /** Throws what was thrown while a notification was taken. */
  throwDefect(): void {
    if (this.#defect !== undefined) throw this.#defect.thrown;
  }

  /** Gives the service's instances and, from then on, notifies of each change; or does so no more. */
  async subscribe(
    { namespace, group, service }: NacosService,
    subscribe: boolean,
    signal: AbortSignal,
  ): Promise<readonly unknown[]> {
    const headers = await this.target.identity(`${group}@@${service}`, signal);
    const body = { namespace, groupName: group, serviceName: service, clusters: '', subscribe };
    const answer = await this.#request({ type: 'SubscribeServiceRequest', body, headers });
    const info = answer.body.serviceInfo;
    if (isRecord(info) && Array.isArray(info.hosts)) return info.hosts;
    throw new SignalboxError('registry_bad_answer', 'there is no list of instances in it');
  }

  /** Asks the server whether it is there; it drops clients that say nothing for 20 s. */
  async check(): Promise<void> {
    await this.#request({ type: 'HealthCheckRequest', body: {} });
  }

  close(): void {
    this.#lose('closed');
  }

  async #setUp(signal: AbortSignal): Promise<void> {
    await this.#request({ type: 'ServerCheckRequest', body: {} });
    const labels = { source: 'sdk', module: 'naming' };
    this.#send('ConnectionSetupRequest', {
      clientVersion: 'Signalbox',
      tenant: this.target.namespace,
      labels,
    });
    // Old servers do not tell when the set-up is done: they refuse requests until then.
    for (const deadline = Date.now() + this.target.timeout; ; await pause(20, signal)) {
      const { body } = await this.#call({ type: 'HealthCheckRequest', body: {} });
      if (body.resultCode === 200) return;
      if (body.errorCode !== UNREGISTERED || Date.now() > deadline || signal.aborted) throw refusal(body);
    }
  }

  async #request(message: Message): Promise<Message> {
    const answer = await this.#call(message);
    if (answer.body.resultCode !== 200) throw refusal(answer.body);
    return answer;
  }

  async #call(message: Message): Promise<Message> {
    if (this.#lost !== undefined) throw this.#lost;
    const options: CallOptions = { deadline: Date.now() + this.target.timeout };
    return await new Promise((done, fail) => {
      const call = this.#client.makeUnaryRequest<Buffer, Buffer>(
        REQUEST,
        asIs,
        asIs,
        encodeMessage(message),
        options,
        (error, bytes) => {
          this.#calls.delete(call);
          if (error !== null) fail(new SignalboxError('registry_unreachable', messageOf(error)));
          else done(decodeMessage(bytes ?? Buffer.alloc(0)));
        },
      );
      this.#calls.add(call);
    });
  }

  #receive({ type, body }: Message): void {
    if (!type.endsWith('Request')) return;
    if (type === 'NotifySubscriberRequest') this.#notify(body.serviceInfo);
    // Without an answer the server sends it again, and in the end drops us.
    const requestId = typeof body.requestId === 'string' ? body.requestId : undefined;
    const answer = { resultCode: 200, errorCode: 0, requestId };
    this.#send(type.replace(/Request$/, 'Response'), answer);
    if (type === 'ConnectResetRequest') this.#lose('the server asked to be left');
  }

  #notify(info: unknown): void {
    if (!isRecord(info) || !Array.isArray(info.hosts)) return;
    const { name, groupName: group, hosts } = info;
    if (typeof name !== 'string' || typeof group !== 'string') return;
    const service = name.replace(`${group}@@`, '');
    this.target.notify({ namespace: this.target.namespace, group, service }, hosts);
  }

  #send(type: string, body: Message['body']): void {
    if (this.#lost === undefined) this.#stream.write(encodeMessage({ type, body }));
  }

  #lose(why: string): void {
    if (this.#lost !== undefined) return;
    this.#lost = new SignalboxError('registry_unreachable', why);
    for (const call of this.#calls) call.cancel();
    this.#stream.cancel();
    this.#client.close();
    this.#life.abort();
  }
}

function refusal({ resultCode, errorCode, message }: Message['body']): SignalboxError {
  const refused = errorCode === 401 || errorCode === 403;
  const text = `result ${textOf(resultCode)}, error ${textOf(errorCode)}: ${textOf(message)}`;
  return new SignalboxError(refused ? 'registry_refused' : 'registry_bad_answer', printable(text));
}
