/**
 * What a broker can do. The core asks these flags and never the name of a transport, so a new broker is a new set of
 * flags, and two profiles of one broker may differ.
 */
export interface TransportCapabilities {
  /** A delivery's lease can be prolonged while its handler runs (`MessageSource.extend`). */
  readonly leaseExtension: boolean;
  /** The broker can be told when to deliver again (`MessageSource.retryIn`). Without it a failed delivery comes back at its lease's end. */
  readonly explicitRetryDelay: boolean;
  /** `receive` may ask for a lease of its own length. Without it {@link TransportLimits.leaseMs} is what the broker gives. */
  readonly chooseLease: boolean;
  /** What the broker gave up on can be read back (`MqTransport.deadLetters`). Without it such a message is out of this module's reach. */
  readonly deadLetterSource: boolean;
  /**
   * `partition`: messages with the same ordering key are delivered in order. With `none` a topic that is `ordered` is
   * refused at boot.
   */
  readonly ordering: 'none' | 'partition';
  readonly limits: TransportLimits;
}

export interface TransportLimits {
  /** Encoded body, in bytes, by kind of message. */
  readonly bodyBytes: { readonly normal: number; readonly ordered: number; readonly delayed: number };
  /** All properties together, in bytes. */
  readonly propertyBytes: number;
  /** How far ahead the broker itself can hold a message. Beyond it the outbox holds the message. */
  readonly delayMs: number;
  /** Messages in one `receive`. */
  readonly receiveBatch: number;
  /** Deliveries in one `ack`. */
  readonly ackBatch: number;
  /** The longest wait of one `receive`. */
  readonly waitMs: number;
  /** Lease of a delivery: what the broker gives when it cannot be chosen (`ordered` for ordered topics), else the bounds of the choice. */
  readonly leaseMs: { readonly min: number; readonly max: number; readonly ordered: number };
  /** Deliveries of one message after which the broker gives it up. */
  readonly maxDeliveries: number;
}
