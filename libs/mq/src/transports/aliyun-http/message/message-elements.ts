import { parseXml, type XmlElement } from '../wire/parse-xml.js';

/** One `<Message>` of an answer to a poll. */
export interface MessageElement {
  readonly element: XmlElement;
  /** The body as it is written, if it is what makes the markup wrong; `element` is then all the rest. */
  readonly broken: Buffer | null;
}

const START = Buffer.from('<Message>');
const END = Buffer.from('</Message>');
const BODY_START = Buffer.from('<MessageBody>');
const BODY_END = Buffer.from('</MessageBody>');
/** Of a message that nothing can be read of: it keeps its position among the others. */
const NOTHING: MessageElement = { element: { name: 'Message', children: [], text: '' }, broken: null };

/**
 * The messages of an answer. A document that is not well-formed is taken apart at its messages, and one of those at its
 * body: a body that somebody did not escape would otherwise hold up the fifteen that came with it, again and again.
 *
 * @throws for an answer that is no list of messages at all
 */
export function messageElements(document: Buffer): MessageElement[] {
  try {
    const root = parseXml(document);
    if (root.name !== 'Messages') throw new Error(`its root is <${root.name}>`);
    return root.children.filter(({ name }) => name === 'Message').map((element) => ({ element, broken: null }));
  } catch (error) {
    const found = document.includes('<Messages') ? pieces(document) : [];
    if (found.length === 0) throw error;
    return found;
  }
}

function pieces(document: Buffer): MessageElement[] {
  const found: MessageElement[] = [];
  for (let start = document.indexOf(START); start !== -1;) {
    const next = document.indexOf(START, start + START.length);
    const end = document.subarray(0, next === -1 ? undefined : next).lastIndexOf(END);
    found.push(end > start ? piece(document.subarray(start, end + END.length)) : NOTHING);
    start = next;
  }
  return found;
}

function piece(message: Buffer): MessageElement {
  try {
    return { element: parseXml(message), broken: null };
  } catch {
    const from = message.indexOf(BODY_START);
    const to = message.lastIndexOf(BODY_END);
    if (from === -1 || to < from) return NOTHING;
    const broken = Buffer.from(message.subarray(from + BODY_START.length, to));
    const rest = Buffer.concat([message.subarray(0, from), message.subarray(to + BODY_END.length)]);
    try {
      return { element: parseXml(rest), broken };
    } catch {
      return NOTHING;
    }
  }
}
