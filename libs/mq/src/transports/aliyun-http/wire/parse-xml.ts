/** One element of an answer. A list and not an object by name: a name such as `__proto__` is then a text like any other. */
export interface XmlElement {
  /** Without a namespace prefix: proxies of this protocol have been seen to add one. */
  readonly name: string;
  readonly children: XmlElement[];
  /** One character for each byte; {@link childText} and {@link childBytes} make of it what it stands for. */
  text: string;
}

/** The answers of the protocol are three levels deep and have at most 16 messages of 10 fields. */
const MAX_DEPTH = 8;
const MAX_ELEMENTS = 2_000;

const NAME = '[A-Za-z_][\\w.-]*(?::[A-Za-z_][\\w.-]*)?';
const START_TAG = new RegExp(`<(${NAME})(?:\\s+${NAME}\\s*=\\s*(?:"[^"<]*"|'[^'<]*'))*\\s*(/?)>`, 'y');
const END_TAG = new RegExp(`</(${NAME})\\s*>`, 'y');
const REFERENCE = /&(?:#x([0-9a-fA-F]{1,6})|#([0-9]{1,7})|(amp|lt|gt|quot|apos));/y;
const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
const BYTE_ORDER_MARK = '\u00ef\u00bb\u00bf';
// oxlint-disable-next-line no-control-regex
const ASCII = /^[\u0000-\u007f]*$/;

/**
 * Parses the XML that this protocol needs, and refuses everything else: no document type, so no entity of anybody's
 * making; limited in depth and number. Throws an `Error` for what is not well-formed.
 *
 * It reads bytes, not characters: the body of another producer need not be UTF-8, and decoding it here would replace what
 * its consumer could read. All markup is ASCII, so each byte is taken for a character, which also keeps a large document
 * out of the JavaScript heap.
 *
 * Lenient in texts, on purpose: line ends are not normalised, characters that XML 1.0 forbids are taken, and a reference
 * that stands for nothing stays as it is written. The digest of each message body tells whether it arrived as it was
 * sent, and one odd message must not make a whole batch unreadable for ever.
 */
export function parseXml(bytes: Buffer): XmlElement {
  const source = bytes.toString('latin1');
  const open: { readonly tag: string; readonly element: XmlElement }[] = [];
  let root: XmlElement | null = null;
  let elements = 0;
  let at = source.startsWith(BYTE_ORDER_MARK) ? BYTE_ORDER_MARK.length : 0;

  const addText = (text: string): void => {
    const parent = open.at(-1);
    if (parent) parent.element.text += text;
    else if (text.trim() !== '') throw new Error('text outside of the root element');
  };
  const close = (): void => {
    const { element } = open.pop()!;
    if (element.children.length === 0) return;
    if (element.text.trim() !== '') throw new Error(`<${element.name}> mixes text and elements`);
    element.text = '';
  };

  while (at < source.length) {
    const lt = source.indexOf('<', at);
    addText(decode(lt === -1 ? source.slice(at) : source.slice(at, lt)));
    if (lt === -1) break;
    const next = source.charCodeAt(lt + 1);
    if (next === 0x2f /* / */) {
      END_TAG.lastIndex = lt;
      const match = END_TAG.exec(source);
      if (!match || open.at(-1)?.tag !== match[1]) throw new Error('an end tag does not match its start tag');
      close();
      at = END_TAG.lastIndex;
    } else if (next === 0x21 /* ! */ || next === 0x3f /* ? */) {
      at = skipMarkup(source, lt, addText);
    } else {
      START_TAG.lastIndex = lt;
      const match = START_TAG.exec(source);
      if (!match) throw new Error('a start tag is not well-formed');
      if (++elements > MAX_ELEMENTS || open.length >= MAX_DEPTH) throw new Error('more elements than any answer has');
      const tag = match[1]!;
      const element: XmlElement = { name: tag.slice(tag.indexOf(':') + 1), children: [], text: '' };
      if (open.length > 0) open.at(-1)!.element.children.push(element);
      else if (root) throw new Error('a second root element');
      else root = element;
      if (match[2] === '') open.push({ tag, element });
      at = START_TAG.lastIndex;
    }
  }
  if (!root || open.length > 0) throw new Error('the document ends too early');
  return root;
}

/** The text of the only child of that name, `undefined` when there is none. Two of them contradict each other. */
export function childText(element: XmlElement, name: string): string | undefined {
  const text = rawText(element, name);
  return text === undefined || ASCII.test(text) ? text : Buffer.from(text, 'latin1').toString('utf8');
}

/** As {@link childText}, for what may be no text. */
export function childBytes(element: XmlElement, name: string): Buffer | undefined {
  const text = rawText(element, name);
  return text === undefined ? undefined : Buffer.from(text, 'latin1');
}

function rawText(element: XmlElement, name: string): string | undefined {
  let found: string | undefined;
  for (const child of element.children) {
    if (child.name !== name) continue;
    if (found !== undefined || child.children.length > 0) throw new Error(`<${name}> is not one text`);
    found = child.text;
  }
  return found;
}

/** Passes a CDATA section, a comment or a processing instruction; answers where it ends. */
function skipMarkup(source: string, from: number, addText: (text: string) => void): number {
  const [opening, closing] = source.startsWith('<![CDATA[', from)
    ? ['<![CDATA[', ']]>']
    : source.startsWith('<!--', from)
      ? ['<!--', '-->']
      : source.startsWith('<?', from)
        ? ['<?', '?>']
        : ['', ''];
  if (opening === '') throw new Error('a document type is not accepted');
  const end = source.indexOf(closing, from + opening.length);
  if (end === -1) throw new Error(`a section is not closed by ${closing}`);
  if (opening === '<![CDATA[') addText(source.slice(from + opening.length, end));
  return end + closing.length;
}

/** Into bytes, because a text that grows piece by piece takes many times its size. No reference is shorter than what it stands for. */
function decode(text: string): string {
  let amp = text.indexOf('&');
  if (amp === -1) return text;
  const bytes = Buffer.allocUnsafe(text.length);
  let length = 0;
  let at = 0;
  for (; amp !== -1; amp = text.indexOf('&', at)) {
    if (amp > at) length += bytes.write(text.slice(at, amp), length, 'latin1');
    const [characters, end] = resolve(text, amp);
    length += bytes.write(characters, length, 'utf8');
    at = end;
  }
  length += bytes.write(text.slice(at), length, 'latin1');
  return bytes.toString('latin1', 0, length);
}

/** What stands at an ampersand, and where it ends. A pair of surrogates, one reference each, is one character. */
function resolve(text: string, amp: number): [string, number] {
  REFERENCE.lastIndex = amp;
  const match = REFERENCE.exec(text);
  if (!match) return ['&', amp + 1];
  const end = REFERENCE.lastIndex;
  const first = characterOf(match);
  if (!/^[\ud800-\udbff]$/.test(first)) return [first, end];
  const next = REFERENCE.exec(text);
  const second = next ? characterOf(next) : '';
  return /^[\udc00-\udfff]$/.test(second) ? [first + second, end + next![0].length] : [first, end];
}

function characterOf([written, hex, decimal, name]: RegExpExecArray): string {
  if (name) return ENTITIES[name]!;
  const code = hex ? Number.parseInt(hex, 16) : Number(decimal);
  return code > 0x10ffff ? written : String.fromCodePoint(code);
}
