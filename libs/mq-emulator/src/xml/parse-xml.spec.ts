import fc from 'fast-check';
import { parseXml } from './parse-xml.js';
import { element } from './xml-writer.js';

const parse = (text: string) => parseXml(Buffer.from(text));
const textOf = (text: string) => parse(text).text;
const codeOf = (text: string | Buffer) => {
  try {
    parseXml(Buffer.from(text as string));
  } catch (error) {
    return (error as { code: string }).code;
  }
  return 'no error';
};

describe('parseXml', () => {
  it('reads elements, in any order and depth, without prefixes and attributes', () => {
    expect(
      parse(`<?xml version='1.0'?><!-- a --><m:A b="1" c='&amp;' ><B/>\n<C> x </C ><D><E>y</E></D></m:A><?pi?>`),
    ).toEqual({
      name: 'A',
      text: '\n',
      children: [
        { name: 'B', text: '', children: [] },
        { name: 'C', text: ' x ', children: [] },
        { name: 'D', text: '', children: [{ name: 'E', text: 'y', children: [] }] },
      ],
    });
  });

  it('joins text, CDATA and entities, around comments', () => {
    expect(textOf('<a>1 &lt;<![CDATA[&lt;]]><!-- no -->&#65;&#x42;&quot;&apos;&gt;&amp;amp;</a>')).toBe(
      '1 <&lt;AB"\'>&amp;',
    );
  });

  it.each(['\r\n', '\r', 'a\r\nb', '&#13;'])('keeps line ends as they are: %j', (text) => {
    expect(textOf(`<a>${text}</a>`)).toBe(text.replace('&#13;', '\r'));
  });

  it('gives back any text that XML can hold', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        // oxlint-disable-next-line no-control-regex
        fc.pre(!/[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]/.test(text));
        expect(textOf(element('a', text))).toBe(text);
      }),
    );
  });

  it.each([
    '',
    'text',
    '<a>',
    '<a></b>',
    '</a>',
    '<a></a><b></b>',
    '<a></a>text',
    '<a',
    '<a b></a>',
    '<a b=c></a>',
    '<a b="<"></a>',
    '<1></1>',
    '<a>&</a>',
    '<a>&nbsp;</a>',
    '<a>&#x;</a>',
    '<a>]]></a>',
    '<a><![CDATA[x</a>',
    '<a><!-- -- --></a>',
    '<a><!-- x</a>',
    ' <?xml version="1.0"?><a></a>',
    '<?xml version="1.0" encoding="gbk"?><a></a>',
    '<!DOCTYPE a><a></a>',
    '<a><!DOCTYPE a></a>',
    '<a>'.repeat(50) + '</a>'.repeat(50),
  ])('refuses %j as malformed', (text) => {
    expect(codeOf(text)).toBe('MalformedXML');
  });

  it.each(['\u0000', '\u001F', '\uFFFE', '\uFFFF', '&#0;', '&#xFFFF;', '&#xDFFF;', '&#x110000;'])(
    'refuses the character %j, wherever it is',
    (character) => {
      expect(codeOf(`<a>${character}</a>`)).toBe('InvalidContent');
      expect(codeOf(`<a><b>x</b>${character}</a>`)).toBe('InvalidContent');
    },
  );

  it('stays fast on a body full of references, and on one that never ends', () => {
    const start = process.cpuUsage();
    expect(textOf(`<a>${'&amp;'.repeat(1_000_000)}</a>`)).toHaveLength(1_000_000);
    expect(codeOf(`<a>${'<![CDATA['.repeat(100_000)}`)).toBe('MalformedXML');
    // Quadratic time would be minutes. Of the processor, so that a busy machine is not taken for a slow parser.
    expect(process.cpuUsage(start).user).toBeLessThan(10_000_000);
  });
});
