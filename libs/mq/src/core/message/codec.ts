/**
 * How a payload becomes text and a body becomes a payload. Failing to decode parks the delivery at once: no retry makes
 * a broken body whole.
 */
export interface MqCodec {
  /** Must throw for what it cannot encode, and never answer an empty string: brokers refuse empty bodies. */
  encode(payload: unknown): string;
  decode(body: string): unknown;
  /**
   * Takes the place of `decode`, for topics whose other producers write what is no UTF-8 text: GBK, Protobuf, Avro.
   * Without it such messages are parked. It is given every body, those of `encode` among them as UTF-8.
   */
  decodeBytes?(body: Uint8Array): unknown;
}
