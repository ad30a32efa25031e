import {
  Metadata,
  Server,
  ServerCredentials,
  type sendUnaryData,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type ServiceDefinition,
} from '@grpc/grpc-js';
import { fromJSON } from '@grpc/proto-loader';
import { promisify } from 'node:util';
import {
  PROTOCOL,
  type MessageQueue,
  type ReceiveMessageRequest,
  type TelemetryCommand,
  type UnaryCalls,
} from './protocol.js';
import { OK, routeOf, status, type BrokerOfTopic } from './scripted-proxy-answers.js';
import { GrpcFailure } from './scripted-proxy-failure.js';
import { TcpRelay } from './scripted-proxy-relay.js';
import { ScriptedStore } from './scripted-proxy-store.js';

type Headers = Readonly<Record<string, string>>;
type Unary = { [Name in keyof UnaryCalls]: (request: UnaryCalls[Name]['request'], headers: Headers) => unknown };

/** What a proxy answers; a test replaces what it is about. Throw {@link GrpcFailure} for an error of gRPC itself. */
export interface Script extends Unary {
  receiveMessage(request: ReceiveMessageRequest, signal: AbortSignal, headers: Headers): AsyncIterable<object>;
  telemetry(command: TelemetryCommand, stream: TelemetryAnswers, headers: Headers): void;
}

/** The proxy's side of a telemetry stream. */
export interface TelemetryAnswers {
  write(command: object): void;
  end(): void;
  fail(code: number, details: string): void;
}

/** One call as it arrived. */
export interface SeenCall {
  readonly request: unknown;
  readonly headers: Headers;
}

/**
 * A stand-in for the gRPC proxy of RocketMQ, for what a real one cannot be made to do: any status at any time, silence,
 * streams that break, several brokers, a network that swallows bytes. It keeps messages only as far as such tests need
 * them. What a real broker does is tested with a real broker.
 *
 * Connections go through a {@link TcpRelay}, which is where they are counted, cut and starved.
 */
export class ScriptedProxy {
  readonly store = new ScriptedStore();
  /** Routes by topic; {@link topic} fills it. */
  readonly routes = new Map<string, MessageQueue[]>();
  readonly streams = new Set<TelemetryAnswers>();
  /** Telemetry streams that were ever opened. */
  streamsOpened = 0;
  readonly script: Script;
  private relay: TcpRelay | null = null;
  private readonly calls = new Map<keyof Script, SeenCall[]>();
  private readonly server = new Server({ 'grpc.max_receive_message_length': 64 * 1_048_576 });

  private constructor() {
    this.script = {
      queryRoute: ({ topic }) => {
        const messageQueues = this.routes.get(topic?.name ?? '');
        return messageQueues
          ? { status: OK, messageQueues }
          : { status: status('TOPIC_NOT_FOUND', `No topic route info in name server for the topic: ${topic?.name}`) };
      },
      heartbeat: () => ({ status: OK }),
      sendMessage: (request) => this.store.send(request),
      ackMessage: (request) => this.store.ack(request),
      changeInvisibleDuration: (request) => this.store.change(request),
      notifyClientTermination: () => ({ status: OK }),
      receiveMessage: (request, signal) => this.store.receive(request, signal),
      telemetry: ({ settings }, stream) => {
        if (settings) stream.write({ status: OK, settings });
      },
    };
  }

  static async start({
    host = '127.0.0.1',
    tls,
  }: { host?: string; tls?: { key: string; certificate: string } } = {}): Promise<ScriptedProxy> {
    const proxy = new ScriptedProxy();
    const credentials = tls
      ? ServerCredentials.createSsl(null, [
          { private_key: Buffer.from(tls.key), cert_chain: Buffer.from(tls.certificate) },
        ])
      : ServerCredentials.createInsecure();
    proxy.serve();
    const bind = promisify(proxy.server.bindAsync.bind(proxy.server)) as (
      address: string,
      credentials: ServerCredentials,
    ) => Promise<number>;
    proxy.relay = new TcpRelay(await bind('127.0.0.1:0', credentials), host);
    await proxy.relay.up();
    return proxy;
  }

  /** What is between this proxy and its clients. */
  get network(): TcpRelay {
    return this.relay!;
  }

  /** `127.0.0.1:1234` */
  get endpoint(): string {
    return this.network.endpoint;
  }

  /** Makes a topic, with this proxy in front of its broker, and of others if they are named. */
  topic(name: string, settings: Partial<BrokerOfTopic> = {}, others: readonly BrokerOfTopic[] = []): void {
    this.routes.set(name, routeOf(name, [{ ...this.network.address, ...settings }, ...others]));
  }

  seen(name: keyof Script): readonly SeenCall[] {
    return this.calls.get(name) ?? [];
  }

  async stop(): Promise<void> {
    await this.network.down();
    this.server.forceShutdown();
  }

  private serve(): void {
    const definition = fromJSON(PROTOCOL as Parameters<typeof fromJSON>[0], {
      keepCase: false,
      longs: Number,
      enums: String,
      defaults: true,
      arrays: true,
    });
    const service = definition['apache.rocketmq.v2.MessagingService'] as ServiceDefinition;
    this.server.addService(service, {
      queryRoute: this.unary('queryRoute'),
      heartbeat: this.unary('heartbeat'),
      sendMessage: this.unary('sendMessage'),
      ackMessage: this.unary('ackMessage'),
      changeInvisibleDuration: this.unary('changeInvisibleDuration'),
      notifyClientTermination: this.unary('notifyClientTermination'),
      receiveMessage: (call: ServerWritableStream<ReceiveMessageRequest, object>) => void this.receive(call),
      telemetry: (stream: ServerDuplexStream<TelemetryCommand, object>) => this.telemetry(stream),
    });
  }

  private unary<Name extends keyof UnaryCalls>(name: Name) {
    return (
      { request, metadata }: ServerUnaryCall<UnaryCalls[Name]['request'], object>,
      reply: sendUnaryData<object>,
    ): void => {
      const headers = this.note(name, request, metadata);
      const answer = async (): Promise<unknown> => this.script[name](request, headers);
      answer().then(
        (response) => reply(null, response as object),
        (error: unknown) => reply(serverError(error)),
      );
    };
  }

  private async receive(call: ServerWritableStream<ReceiveMessageRequest, object>): Promise<void> {
    const over = new AbortController();
    call.on('cancelled', () => over.abort());
    call.on('error', () => over.abort());
    try {
      const headers = this.note('receiveMessage', call.request, call.metadata);
      for await (const part of this.script.receiveMessage(call.request, over.signal, headers)) call.write(part);
      call.end();
    } catch (error) {
      // Not `destroy`: what was written before is sent before.
      call.emit('error', serverError(error));
    }
  }

  private telemetry(stream: ServerDuplexStream<TelemetryCommand, object>): void {
    const answers: TelemetryAnswers = {
      write: (command) => void stream.write(command),
      end: () => void stream.end(),
      fail: (code, details) => void stream.emit('error', { code, details }),
    };
    this.streamsOpened += 1;
    this.streams.add(answers);
    const over = (): void => void this.streams.delete(answers);
    for (const event of ['cancelled', 'close', 'end', 'error']) stream.on(event, over);
    stream.on('data', (command: TelemetryCommand) => {
      const headers = this.note('telemetry', command, stream.metadata);
      this.script.telemetry(command, answers, headers);
    });
    stream.on('end', () => stream.end());
  }

  private note(name: keyof Script, request: unknown, metadata: Metadata): Headers {
    const headers = Object.fromEntries(Object.entries(metadata.getMap()).map(([key, value]) => [key, String(value)]));
    this.calls.set(name, [...this.seen(name), { request, headers }]);
    return headers;
  }
}

function serverError(error: unknown): { code: number; details: string } {
  if (error instanceof GrpcFailure) return { code: error.code, details: error.details };
  return { code: 13, details: `the script of the test failed: ${String(error)}` };
}
