import type { Metadata } from '@grpc/grpc-js';
import type { Clock } from '../../../core/runtime/clock.js';
import { orDefect } from '../../../core/transport/defect.js';
import { TransportError, type TransportErrorKind } from '../../../core/transport/transport-error.js';
import type { SendReceipt } from '../../../core/transport/transport.js';
import { readReceipts } from '../message/read-receipts.js';
import { writeMessage } from '../message/write-message.js';
import type { Resource } from '../protocol/generated.js';
import { toTimestamp } from '../protocol/times.js';
import type { RouteTable } from '../routes/route-table.js';
import type { Connections } from '../wire/connections.js';
import { sendTo, type Outgoing } from './outgoing.js';

const ROUTE_MAY_BE_OLD: readonly TransportErrorKind[] = ['unavailable', 'not-found'];

export interface SendCallsOptions {
  readonly connections: Connections;
  readonly routes: RouteTable;
  readonly clock: Clock;
  readonly preparationMs: number;
  readonly requestTimeoutMs: number;
  headers(clientId: string): Metadata;
  resource(topic: string): Resource & { readonly name: string };
}

/** Makes the calls that send: each one request with one deadline, tried once. */
export class SendCalls {
  constructor(private readonly options: SendCallsOptions) {}

  /** @throws {TransportError} */
  async one(outgoing: Outgoing): Promise<SendReceipt> {
    const late = this.lateness(outgoing);
    if (late) throw late;
    const [outcome] = await this.all([outgoing]);
    if (outcome instanceof TransportError) throw outcome;
    return outcome!;
  }

  /**
   * Messages of one topic, broker and signal in one request, under the session of the first: the server knows that of each.
   * Answers what became of each, where the server told them apart.
   *
   * @throws {TransportError} what became of all of them
   */
  async all(list: readonly Outgoing[]): Promise<(SendReceipt | TransportError)[]> {
    const { connections, routes, clock, requestTimeoutMs: deadlineMs } = this.options;
    const { message, queue, session, signal } = list[0]!;
    const what = sendTo(message.topic);
    const topic = this.options.resource(message.topic);
    const [messages, headers] = orDefect(what, () => {
      const bornAt = toTimestamp(clock.now());
      const written = list.map((each) =>
        writeMessage(each.message, { topic, queueId: queue.id, messageId: each.messageId, bornAt }),
      );
      return [written, this.options.headers(session.clientId)];
    });
    try {
      const call = { what, headers, deadlineMs, signal };
      const answer = await connections.to(queue.endpoint).unary('sendMessage', { messages }, call);
      const outcomes = readReceipts(what, answer, list);
      routes.confirm(message.topic);
      return outcomes;
    } catch (error) {
      if (!(error instanceof TransportError)) throw error;
      if (ROUTE_MAY_BE_OLD.includes(error.kind)) routes.doubt(message.topic);
      throw routes.judge(message.topic, error);
    }
  }

  /**
   * Why it is too late to begin: several access points and sessions, each within its own limit, and a list that was refused
   * slowly, can take longer than a lease leaves room for.
   */
  lateness({ message, startedAt }: Outgoing): TransportError | null {
    const { clock, preparationMs: ms } = this.options;
    if (clock.monotonic() - startedAt <= ms) return null;
    return new TransportError('unavailable', `${sendTo(message.topic)}: no way to the broker within ${ms} ms`);
  }
}
