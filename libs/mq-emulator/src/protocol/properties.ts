import { ProtocolError } from './protocol-error.js';

const RESERVED = new Set(['KEYS', '__STARTDELIVERTIME', '__TransCheckT', '__SHARDINGKEY']);
const MAX_USER_BYTES = 16 * 1024;

/** The properties of a message: the text as answers carry it, and the pairs. */
export interface Properties {
  text: string;
  values: ReadonlyMap<string, string>;
}

/**
 * Reads `key:value|key:value`, with or without the closing bar. The text that comes out always has it: the C++ SDK loses
 * the last pair without. A value may hold colons.
 */
export function parseProperties(text: string): Properties {
  const values = new Map<string, string>();
  const pairs: string[] = [];
  let userBytes = 0;
  for (const pair of text.split('|')) {
    if (pair.trim() === '') continue;
    const colon = pair.indexOf(':');
    if (colon < 1) {
      throw new ProtocolError(
        'InvalidArgument',
        `Properties must be key:value pairs joined by "|"; one of them is not.`,
      );
    }
    const key = pair.slice(0, colon);
    values.set(key, pair.slice(colon + 1));
    pairs.push(pair);
    if (!RESERVED.has(key)) userBytes += Buffer.byteLength(pair);
  }
  if (userBytes > MAX_USER_BYTES) {
    throw new ProtocolError('InvalidArgument', `The user properties are longer than ${MAX_USER_BYTES} bytes together.`);
  }
  return { text: pairs.length === 0 ? '' : `${pairs.join('|')}|`, values };
}
