import type {
  CallOptions,
  ChannelCredentials,
  ChannelOptions,
  Client,
  ClientDuplexStream,
  ClientReadableStream,
  ClientUnaryCall,
  Metadata,
  ServiceError,
} from '@grpc/grpc-js';
import type { Peers } from '../peers.js';
import {
  PROTOCOL,
  type ReceiveMessageRequest,
  type ReceiveMessageResponseReceived,
  type TelemetryCommand,
  type TelemetryCommandReceived,
  type UnaryCalls,
} from '../protocol/generated.js';

type UnaryMethods = {
  [Name in keyof UnaryCalls]: (
    request: UnaryCalls[Name]['request'],
    headers: Metadata,
    options: CallOptions,
    done: (error: ServiceError | null, response?: UnaryCalls[Name]['response']) => void,
  ) => ClientUnaryCall;
};

export type TelemetryStream = ClientDuplexStream<TelemetryCommand, TelemetryCommandReceived>;
export type ReceiveStream = ClientReadableStream<ReceiveMessageResponseReceived>;

/** The calls of `apache.rocketmq.v2.MessagingService` that we make, over one gRPC channel. */
export interface MessagingClient extends Client, UnaryMethods {
  receiveMessage(request: ReceiveMessageRequest, headers: Metadata, options: CallOptions): ReceiveStream;
  telemetry(headers: Metadata): TelemetryStream;
}

export type MessagingClientClass = new (
  target: string,
  credentials: ChannelCredentials,
  options: ChannelOptions,
) => MessagingClient;

/** Builds the client from the definition; the types in `generated.ts` say what these options make of the messages. */
export function messagingClient({ grpc, loader }: Peers): MessagingClientClass {
  const definition = loader.fromJSON(PROTOCOL as Parameters<typeof loader.fromJSON>[0], {
    keepCase: false,
    longs: Number,
    enums: String,
    defaults: true,
    arrays: true,
  });
  const service = definition['apache.rocketmq.v2.MessagingService'];
  return grpc.makeGenericClientConstructor(
    service as Parameters<typeof grpc.makeGenericClientConstructor>[0],
    'MessagingService',
  ) as unknown as MessagingClientClass;
}
