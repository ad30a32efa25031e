import { createHash } from 'node:crypto';
import type { Message } from '../broker/message.js';
import { parseXml } from '../xml/parse-xml.js';
import type { XmlElement } from '../xml/xml-element.js';
import { ProtocolError } from './protocol-error.js';
import { parseProperties } from './properties.js';

/** What kind of message a publish request is about; a topic can be declared for one kind. */
export type MessageKind = 'normal' | 'ordered' | 'delay' | 'transaction';

/** The message of a publish request, before the broker gives it an id and a time. */
export interface Draft extends Omit<Message, 'id' | 'publishTime'> {
  kind: MessageKind;
  /** Of the UTF-8 body. */
  bytes: number;
  properties: string;
  /** The user's property `mq-id`, for observers. */
  mqId?: string;
}

const MAX_BYTES = 4 * 1024 * 1024;
const MAX_BYTES_SPECIAL = 64 * 1024;
const MAX_DELAY_MS = 40 * 86_400_000;

/** Reads and validates the document of a publish request. */
export function readPublish(bytes: Buffer, now: number): Draft {
  const root = parseXml(bytes);
  if (root.name !== 'Message') throw invalid(`The root element is <${root.name}>; it must be <Message>.`);
  const body = textOf(root, 'MessageBody') ?? '';
  if (body === '') throw invalid('The MessageBody is missing or empty.');
  const { text: properties, values } = parseProperties(textOf(root, 'Properties') ?? '');
  const deliverAt = readNumber(values, '__STARTDELIVERTIME', 0, now + MAX_DELAY_MS, 'at most 40 days ahead');
  const seconds = readNumber(values, '__TransCheckT', 10, 300, 'from 10 to 300');
  const shardingKey = values.get('__SHARDINGKEY') || undefined;
  if (seconds !== undefined && deliverAt !== undefined) throw invalid('A half message cannot be scheduled.');
  const special = seconds !== undefined ? 'transaction' : deliverAt !== undefined ? 'delay' : undefined;
  const size = Buffer.byteLength(body);
  const limit = special ? MAX_BYTES_SPECIAL : MAX_BYTES;
  if (size > limit)
    throw invalid(`The MessageBody has ${size} bytes; ${special ?? 'normal'} messages may have ${limit}.`);
  return {
    kind: special ?? (shardingKey === undefined ? 'normal' : 'ordered'),
    body,
    bytes: size,
    md5: createHash('md5').update(body).digest('hex').toUpperCase(),
    tag: textOf(root, 'MessageTag') || undefined,
    properties,
    shardingKey,
    deliverAt,
    checkAfter: seconds === undefined ? undefined : seconds * 1_000,
    mqId: values.get('mq-id'),
  };
}

function textOf(root: XmlElement, name: string): string | undefined {
  const found = root.children.filter((child) => child.name === name);
  if (found.length > 1)
    throw invalid(`There are ${found.length} ${name} elements; a body with "]]>" does that in CDATA.`);
  if (found[0]?.children.length) throw invalid(`${name} must hold text, not elements.`);
  return found[0]?.text;
}

function readNumber(
  values: ReadonlyMap<string, string>,
  key: string,
  min: number,
  max: number,
  range: string,
): number | undefined {
  const text = values.get(key);
  if (text === undefined) return undefined;
  const number = Number(text);
  if (!/^\d+$/.test(text) || number < min || number > max) throw invalid(`${key} is "${text}"; it must be ${range}.`);
  return number;
}

function invalid(message: string): ProtocolError {
  return new ProtocolError('InvalidArgument', message);
}
