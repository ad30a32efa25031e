import { TransportError } from '../../core/transport/transport-error.js';
import type {
  Delivery,
  MessageSource,
  ReceiveRequest,
  Settlement,
  SubscriptionSpec,
} from '../../core/transport/transport.js';
import type { ResolvedAliyunHttpOptions } from './options.js';
import { CAPABILITIES } from './profile.js';
import { readMessages } from './message/read-messages.js';
import { readSettlements } from './message/read-settlements.js';
import type { Sockets } from './wire/sockets.js';
import type { Wire } from './wire/wire.js';

const { limits } = CAPABILITIES;
/** A body of nothing but quotation marks, each of them written as `&quot;`, and all the rest. */
const LARGEST_MESSAGE_BYTES = 6 * limits.bodyBytes.normal + 1_048_576;

/** The wire and the sockets that this source shares with everybody else of the transport. */
export interface SharedWire {
  readonly wire: Wire;
  readonly sockets: Sockets;
}

/** The messages of one topic and group. It polls on one socket of its own, and acknowledges on the shared ones. */
export class AliyunHttpSource implements MessageSource {
  private polling: { readonly wire: Wire; readonly sockets: Sockets } | null = null;
  private closed = false;

  constructor(
    private readonly connect: () => Promise<SharedWire>,
    private readonly spec: SubscriptionSpec,
    private readonly options: ResolvedAliyunHttpOptions,
  ) {}

  async receive(request: ReceiveRequest, signal: AbortSignal): Promise<Delivery[]> {
    const { topic, groupId, ordered } = this.spec;
    const { wire } = await this.connect();
    if (this.closed)
      throw new TransportError('aborted', `poll of '${topic}' for ${groupId}: the subscription is closed`);
    this.polling ??= { wire, sockets: wire.makeSockets(1) };
    const max = Math.min(limits.receiveBatch, Math.max(1, request.max));
    const waitSeconds = Math.floor(Math.min(limits.waitMs, Math.max(0, request.waitMs)) / 1_000);
    const { clock, pollTimeoutMs, maxResponseBytes } = this.options;
    const defaultLeaseMs = ordered ? limits.leaseMs.ordered : limits.leaseMs.max;
    const operation = {
      what: `poll of '${topic}' for ${groupId}`,
      sockets: this.polling.sockets,
      deadlineMs: waitSeconds * 1_000 + pollTimeoutMs,
      maxResponseBytes: Math.min(maxResponseBytes, max * LARGEST_MESSAGE_BYTES),
      call: { kind: 'poll' as const, spec: this.spec, max, waitSeconds },
      read: (answer: Parameters<typeof readMessages>[0]) => readMessages(answer, { clock, defaultLeaseMs, ordered }),
    };
    return wire.run(operation, signal).catch((error: unknown) => {
      if (!signal.aborted) throw error;
      // What the broker had handed out already comes again at the end of its lease.
      throw new TransportError('aborted', `${operation.what}: the caller gave up`, { cause: error });
    });
  }

  async ack(deliveries: readonly Delivery[], signal: AbortSignal): Promise<Settlement[]> {
    if (deliveries.length === 0) return [];
    const what = `acknowledgement of ${deliveries.length} deliveries of '${this.spec.topic}' for ${this.spec.groupId}`;
    if (deliveries.length > limits.ackBatch)
      throw new TransportError('invalid', `${what}: the broker takes ${limits.ackBatch} at once`);
    const handles = deliveries.map((delivery) => delivery.handle as string);
    const { wire, sockets } = await this.connect();
    const operation = {
      what,
      sockets,
      deadlineMs: this.options.requestTimeoutMs,
      call: { kind: 'acknowledge' as const, spec: this.spec, handles },
      read: (answer: Parameters<typeof readSettlements>[0]) => readSettlements(answer, handles),
    };
    // No settlement is known, whatever the reason: the next poll fails for the same reason, and tells it.
    return wire.run(operation, signal).catch(() => handles.map(() => 'unknown' as const));
  }

  async close(): Promise<void> {
    this.closed = true;
    const { polling } = this;
    this.polling = null;
    if (polling) await polling.wire.closeSockets(polling.sockets);
  }
}
