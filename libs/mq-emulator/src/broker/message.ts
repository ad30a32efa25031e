/** A message as it was accepted. Never changed afterwards. */
export interface Message {
  /** 32 upper-case hex digits, the same over all redeliveries. */
  id: string;
  body: string;
  /** Of a body that is no text, or of one that XML cannot carry: `body` is then the Base64 of its bytes. */
  encoding?: 'base64';
  /** MD5 of the bytes of the body, upper-case hex. */
  md5: string;
  tag?: string;
  /** `key:value|key:value|`, with the closing bar; empty when there are none. */
  properties: string;
  /** Epoch milliseconds, as are all times here. */
  publishTime: number;
  shardingKey?: string;
  /** When a scheduled message becomes visible. */
  deliverAt?: number;
  /** A half message: the first check comes this many milliseconds after its publishing. */
  checkAfter?: number;
}

/** A message on its way to one consumer, as the answer to a consume request shows it. */
export interface Delivered {
  message: Message;
  receiptHandle: string;
  firstConsumeTime: number;
  nextConsumeTime: number;
  consumedTimes: number;
}
