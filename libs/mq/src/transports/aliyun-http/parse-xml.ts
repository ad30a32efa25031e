/** One element of an answer. A list and not an object by name: a name such as `__proto__` is then a text like any other. */
export interface XmlElement {
  /** Without a namespace prefix: proxies of this protocol have been seen to add one. */
  readonly name: string;
  readonly children: XmlElement[];
  text: string;
}

/** The answers of the protocol are three levels deep and have at most 16 messages of 10 fields. */
const MAX_DEPTH = 8;
const MAX_ELEMENTS = 2_000;

const NAME = '[A-Za-z_][\\w.-]*(?::[A-Za-z_][\\w.-]*)?';
const START_TAG = new RegExp(`<(${NAME})(?:\\s+${NAME}\\s*=\\s*(?:"[^"<]*"|'[^'<]*'))*\\s*(/?)>`, 'y');
const END_TAG = new RegExp(`</(${NAME})\\s*>`, 'y');
const REFERENCE = /&(?:#x([0-9a-fA-F]{1,6})|#([0-9]{1,7})|(amp|lt|gt|quot|apos));|&/g;
const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/**
 * Parses the XML that this protocol needs, and refuses everything else: no document type, so no entity of anybody's
 * making; limited in depth and number. Throws an `Error` for what is not well-formed.
 *
 * Lenient in two places, on purpose. Line ends are not normalised and characters that XML 1.0 forbids are taken: the
 * digest of each message body tells whether it arrived as it was sent, and one message with a control character must
 * not make a whole batch unreadable for ever.
 */
export function parseXml(source: string): XmlElement {
  const open: { readonly tag: string; readonly element: XmlElement }[] = [];
  let root: XmlElement | null = null;
  let elements = 0;
  let at = source.charCodeAt(0) === 0xfeff ? 1 : 0;

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

function decode(text: string): string {
  if (!text.includes('&')) return text;
  return text.replace(REFERENCE, (_, hex?: string, decimal?: string, name?: string) => {
    if (name) return ENTITIES[name]!;
    const code = hex ? Number.parseInt(hex, 16) : Number(decimal ?? 0);
    if (code === 0 || code > 0x10ffff) throw new Error('a reference stands for no character');
    return String.fromCodePoint(code);
  });
}
