import { isUtf8 } from 'node:buffer';
import { ProtocolError } from '../protocol/protocol-error.js';
import type { XmlElement } from './xml-element.js';

// What XML 1.0 forbids. Surrogates need no look: the bytes are checked to be UTF-8, which cannot hold lone ones.
// oxlint-disable-next-line no-control-regex
const FORBIDDEN = /[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]/;
const NAME = /[\p{L}_:][\p{L}\p{N}_:.\-\u00B7]*/uy;
const ATTRIBUTE = /\s+([\p{L}_:][\p{L}\p{N}_:.\-\u00B7]*)\s*=\s*(?:"([^"<]*)"|'([^'<]*)')/uy;
const DECLARATION = /^<\?xml\s[^?]*\?>/;
const ENCODING = /\sencoding\s*=\s*["']([^"']*)["']/;
const MAX_DEPTH = 16;
const NAMED: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/**
 * Reads a request body: a small, strict XML parser for documents of elements and text.
 *
 * Strict where it protects (one root, matching tags, no document type and so no entities of one's own, bounded
 * depth), lenient where the official SDKs differ (byte order mark, namespaces, attributes, comments, CDATA).
 * Unlike a conforming parser it keeps CR and CRLF, so that a body and its MD5 are what the client sent.
 *
 * @throws ProtocolError `MalformedXML`, or `InvalidContent` for characters that XML cannot hold
 */
export function parseXml(bytes: Buffer): XmlElement {
  if (!isUtf8(bytes)) throw malformed('the body is not UTF-8');
  const hasMark = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  const source = bytes.toString('utf8', hasMark ? 3 : 0);
  if (FORBIDDEN.test(source)) throw forbiddenCharacter();
  return new Parser(source).document();
}

class Parser {
  private at = 0;

  constructor(private readonly source: string) {}

  document(): XmlElement {
    this.declaration();
    this.misc();
    if (this.source[this.at] !== '<') throw malformed('there is no root element');
    const root = this.element();
    this.misc();
    if (this.at < this.source.length) throw malformed(`something follows </${root.name}>`);
    return root;
  }

  private declaration(): void {
    const declaration = DECLARATION.exec(this.source)?.[0];
    if (!declaration) return;
    const encoding = ENCODING.exec(declaration)?.[1];
    if (encoding && encoding.toLowerCase() !== 'utf-8') throw malformed(`encoding "${encoding}"; send UTF-8`);
    this.at = declaration.length;
  }

  /** White space, comments and processing instructions around the root. */
  private misc(): void {
    for (;;) {
      while (this.at < this.source.length && isSpace(this.source.charCodeAt(this.at))) this.at++;
      if (!this.skipMarkup()) return;
    }
  }

  /** Steps over one comment or processing instruction, when the parser stands before one. */
  private skipMarkup(): boolean {
    if (this.source.startsWith('<!--', this.at)) {
      const end = this.find('--', this.at + 4, 'a comment');
      if (this.source[end + 2] !== '>') throw malformed('"--" inside a comment');
      this.at = end + 3;
      return true;
    }
    if (this.source.startsWith('<?', this.at)) {
      if (/^<\?xml[\s?]/i.test(this.source.slice(this.at, this.at + 6))) throw malformed('misplaced XML declaration');
      this.at = this.find('?>', this.at + 2, 'a processing instruction') + 2;
      return true;
    }
    if (this.source.startsWith('<!DOCTYPE', this.at)) throw malformed('document types are not accepted');
    return false;
  }

  private element(): XmlElement {
    const root = this.startTag();
    const open: XmlElement[] = root.selfClosing ? [] : [root.element];
    while (open.length > 0) {
      const current = open[open.length - 1];
      const next = this.find('<', this.at, `<${current.name}>`);
      if (next > this.at) current.text += characterData(this.source.slice(this.at, next));
      this.at = next;
      if (this.source.startsWith('</', next)) {
        this.endTag(current);
        open.pop();
      } else if (this.source.startsWith('<![CDATA[', next)) {
        const end = this.find(']]>', next + 9, 'a CDATA section');
        current.text += this.source.slice(next + 9, end);
        this.at = end + 3;
      } else if (!this.skipMarkup()) {
        const { element, selfClosing } = this.startTag();
        current.children.push(element);
        if (!selfClosing) open.push(element);
        if (open.length > MAX_DEPTH) throw malformed(`elements nest deeper than ${MAX_DEPTH}`);
      }
    }
    return root.element;
  }

  private startTag(): { element: XmlElement; selfClosing: boolean } {
    this.at++;
    const name = this.name();
    for (;;) {
      ATTRIBUTE.lastIndex = this.at;
      const attribute = ATTRIBUTE.exec(this.source);
      if (!attribute) break;
      characterData(attribute[2] ?? attribute[3]);
      this.at = ATTRIBUTE.lastIndex;
    }
    while (isSpace(this.source.charCodeAt(this.at))) this.at++;
    const selfClosing = this.source[this.at] === '/';
    if (selfClosing) this.at++;
    if (this.source[this.at] !== '>') throw malformed(`<${name}> is not closed properly`);
    this.at++;
    return { element: { name: name.slice(name.indexOf(':') + 1), children: [], text: '' }, selfClosing };
  }

  private endTag(current: XmlElement): void {
    this.at += 2;
    const name = this.name();
    while (isSpace(this.source.charCodeAt(this.at))) this.at++;
    if (name.slice(name.indexOf(':') + 1) !== current.name || this.source[this.at] !== '>') {
      throw malformed(`</${name}> where </${current.name}> was expected`);
    }
    this.at++;
  }

  private name(): string {
    NAME.lastIndex = this.at;
    const name = NAME.exec(this.source)?.[0];
    if (!name) throw malformed(`"<" at character ${this.at} starts no element; write it as &lt;`);
    this.at += name.length;
    return name;
  }

  private find(what: string, from: number, inside: string): number {
    const index = this.source.indexOf(what, from);
    if (index < 0) throw malformed(`the document ends inside ${inside}`);
    return index;
  }
}

function characterData(raw: string): string {
  if (raw.includes(']]>')) throw malformed('"]]>" in text; write it as ]]&gt;');
  if (!raw.includes('&')) return raw;
  return raw.replace(/&([^;&]{0,10};)?/g, (_match, reference: string | undefined) => resolve(reference?.slice(0, -1)));
}

function resolve(reference: string | undefined): string {
  const named = reference !== undefined && Object.hasOwn(NAMED, reference) ? NAMED[reference] : undefined;
  if (named !== undefined) return named;
  const number = /^#(?:x([0-9a-fA-F]+)|([0-9]+))$/.exec(reference ?? '');
  if (!number) throw malformed(`"&${reference ?? ''}" is no entity; write a plain ampersand as &amp;`);
  const code = number[1] ? parseInt(number[1], 16) : Number(number[2]);
  if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) throw forbiddenCharacter();
  const character = String.fromCodePoint(code);
  if (FORBIDDEN.test(character)) throw forbiddenCharacter();
  return character;
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
}

function malformed(why: string): ProtocolError {
  return new ProtocolError('MalformedXML', `The XML you provided was not well-formed: ${why}.`);
}

function forbiddenCharacter(): ProtocolError {
  return new ProtocolError('InvalidContent', 'The request holds a character that XML does not allow; encode the body.');
}
