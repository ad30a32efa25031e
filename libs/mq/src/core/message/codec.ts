/**
 * How a payload becomes text and text becomes a payload. Failing to decode parks the delivery at once: no retry makes
 * broken text whole.
 */
export interface MqCodec {
  /** Must throw for what it cannot encode, and never answer an empty string: brokers refuse empty bodies. */
  encode(payload: unknown): string;
  decode(body: string): unknown;
}
