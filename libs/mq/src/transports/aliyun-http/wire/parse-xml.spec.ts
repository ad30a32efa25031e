import { childBytes, childText, parseXml as parseBytes } from './parse-xml.js';

const parseXml = (text: string) => parseBytes(Buffer.from(text));

it.each([
  ['nothing', ''],
  ['white space', ' \n'],
  ['text alone', 'hello'],
  ['a root that stays open', '<a>'],
  ['a root that was never opened', '</a>'],
  ['tags that cross', '<a><b></a></b>'],
  ['a second root', '<a/><b/>'],
  ['text after the root', '<a/>b'],
  ['text before the root', 'b<a/>'],
  ['text beside elements', '<a>b<c/></a>'],
  ['a document type', '<!DOCTYPE a><a/>'],
  ['an entity of its own', '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'],
  ['a file', '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>'],
  ['a section that stays open', '<a><![CDATA[b</a>'],
  ['a section outside of the root', '<![CDATA[b]]><a/>'],
  ['a comment that stays open', '<a><!-- b</a>'],
  ['an attribute without quotes', '<a b=c/>'],
  ['markup in an attribute', '<a b="<"/>'],
  ['a name that begins with a digit', '<1/>'],
  ['a depth of ten', `${'<a>'.repeat(10)}${'</a>'.repeat(10)}`],
  ['thousands of elements', `<a>${'<b/>'.repeat(2_001)}</a>`],
])('refuses %s', (_, xml) => {
  expect(() => parseXml(xml)).toThrow(Error);
});

it.each([
  ['a byte order mark and a declaration', '\ufeff<?xml version="1.0" encoding="UTF-8"?>\n<a>b</a>\n'],
  ['attributes', `<a b="c" d = 'e>f' x:g="h">b</a >`],
  ['a prefix', '<m:a xmlns:m="urn:m">b</m:a>'],
  ['a section', '<a><![CDATA[b]]></a>'],
  ['comments and instructions', '<!-- x --><a><?y?>b<!-- <z> --></a><!-- -->'],
])('reads %s', (_, xml) => {
  expect(parseXml(xml)).toEqual({ name: 'a', children: [], text: 'b' });
});

it.each([
  ['an entity nobody declared', '&b;', '&b;'],
  ['an ampersand alone', 'b & c', 'b & c'],
  ['ampersands in a row', '&&amp;&', '&&&'],
  ['U+0000', 'a&#0;b', 'a\0b'],
  ['a reference beyond Unicode', '&#x110000;', '&#x110000;'],
  ['an endless reference', `&#${'9'.repeat(100)};`, `&#${'9'.repeat(100)};`],
  ['a pair of surrogates behind another reference', '&lt;&#xD83D;&#xDE00;&#x20AC;', '<😀€'],
])('leaves it to the digest what %s means', (_, written, read) => {
  expect(childText(parseXml(`<a><b>${written}</b></a>`), 'b')).toBe(read);
});

it('replaces no byte that is no UTF-8', () => {
  const body = Buffer.from([0xc4, 0xe3, 0x20, 0xff, 0xfe]);
  const document = Buffer.concat([Buffer.from('<a><b>&#8364;'), body, Buffer.from('</b></a>')]);
  expect(childBytes(parseBytes(document), 'b')).toEqual(Buffer.concat([Buffer.from('€'), body]));
});

it('keeps names of the language apart from the language', () => {
  const root = parseXml('<__proto__><constructor>a</constructor><toString>b</toString></__proto__>');
  expect(root.name).toBe('__proto__');
  expect(childText(root, 'constructor')).toBe('a');
  expect(childText(root, 'hasOwnProperty')).toBeUndefined();
  expect(({} as Record<string, unknown>)['constructor']).toBe(Object);
});

it('takes no contradiction for an answer', () => {
  expect(() => childText(parseXml('<a><b>1</b><b>2</b></a>'), 'b')).toThrow('<b>');
  expect(() => childText(parseXml('<a><b><c/></b></a>'), 'b')).toThrow('<b>');
});

it.each([
  ['attributes', `<a ${'b="c" '.repeat(100_000)}`],
  ['blanks', `<a${' '.repeat(300_000)}`],
  ['a name', `<${'a'.repeat(300_000)}`],
  ['ampersands', `<a>${'&#'.repeat(150_000)}`],
  ['references', `<a>${'&amp;'.repeat(1_000_000)}`],
  ['open tags', '<a>'.repeat(300_000)],
])('is not slowed down by a great many %s', (_, xml) => {
  const started = process.cpuUsage();
  expect(() => parseXml(xml)).toThrow(Error);
  // Quadratic time would be minutes. Of the processor, so that a busy machine is not taken for a slow parser.
  expect(process.cpuUsage(started).user).toBeLessThan(10_000_000);
});
