import { createHash } from 'node:crypto';
import { parseProperties } from './properties.js';
import type { Message } from '../broker/message.js';

/** A message of a producer that speaks another protocol than HTTP, which cannot send every body. */
export interface ForeignMessage {
  topic: string;
  /** `''`, the default, for a topic without one. */
  instance?: string;
  body: string | Uint8Array;
  tag?: string;
  /** Reserved ones included: `KEYS`, `__SHARDINGKEY`. */
  properties?: Record<string, string>;
  /** In the place of the digest of the body, as of a body that was damaged on its way. */
  md5?: string;
}

/** The message as it is kept. Bodies go through Base64, because no journal and no text holds all of them. */
export function fromForeign({ body, tag, properties = {}, md5 }: ForeignMessage): Omit<Message, 'id' | 'publishTime'> {
  const bytes = Buffer.from(body as string);
  const listed = Object.entries(properties).map(([name, value]) => `${name}:${value}|`);
  const { text, values } = parseProperties(listed.join(''));
  return {
    body: bytes.toString('base64'),
    encoding: 'base64',
    md5: md5 ?? createHash('md5').update(bytes).digest('hex').toUpperCase(),
    tag,
    properties: text,
    shardingKey: values.get('__SHARDINGKEY') || undefined,
  };
}
