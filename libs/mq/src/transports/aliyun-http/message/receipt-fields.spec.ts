import fc from 'fast-check';
import { childText, parseXml } from '../wire/parse-xml.js';
import { receiptFields, type ReceiptFields } from './receipt-fields.js';

const USUAL =
  '<?xml version="1.0"?>\n<Message xmlns="http://mq.aliyuncs.com/doc/v1/">\n  <MessageId>0A1B</MessageId>\n' +
  '  <MessageBodyMD5>0123456789ABCDEF0123456789abcdef</MessageBodyMD5>\n</Message>\n';

/** What the parser alone makes of it. */
function parsed(document: Buffer): ReceiptFields {
  const root = parseXml(document);
  if (root.name !== 'Message') throw new Error(`its root is <${root.name}>`);
  return { id: childText(root, 'MessageId')?.trim(), digest: childText(root, 'MessageBodyMD5')?.trim() };
}

function outcome(read: (document: Buffer) => ReceiptFields, document: Buffer): ReceiptFields | string {
  try {
    return read(document);
  } catch (error) {
    return (error as Error).message;
  }
}

const piece = fc.oneof(
  fc.constantFrom(
    '<',
    '>',
    '/',
    '"',
    '&',
    '&amp;',
    '<!--',
    '-->',
    ']]>',
    '<![CDATA[',
    '?>',
    '<?xml',
    ' ',
    '\n',
    '\u00a0',
  ),
  fc.constantFrom(
    '<MessageId>',
    '</MessageId>',
    '<Message>',
    '</Message>',
    '<MessageBodyMD5>',
    '</MessageBodyMD5>',
    '0A',
  ),
  fc.string({ unit: 'binary', maxLength: 3 }),
);

it('means what the parser reads, whatever stands where', () => {
  const edited = fc
    .tuple(fc.nat(USUAL.length), fc.nat(12), fc.array(piece, { maxLength: 3 }))
    .map(([at, drop, insert]) => USUAL.slice(0, at) + insert.join('') + USUAL.slice(at + drop));
  fc.assert(
    fc.property(edited, (text) => {
      const document = Buffer.from(text);
      expect(outcome(receiptFields, document)).toEqual(outcome(parsed, document));
    }),
    { numRuns: 5_000 },
  );
});

it.each([
  ['the usual', USUAL],
  ['without a declaration or a name space', USUAL.replace(/^.*\n/, '').replace(/ xmlns="[^"]*"/, '')],
  ['with a prefix', USUAL.replaceAll('Message>', 'm:Message>').replace('<Message ', '<m:Message ')],
  ['in another order', USUAL.replace(/(\s*<MessageId>.*)(\s*<MessageBodyMD5>.*)/, '$2$1')],
  ['with a handle', USUAL.replace('</MessageId>', '</MessageId><ReceiptHandle>h</ReceiptHandle>')],
  ['that is very long', USUAL + ' '.repeat(2_000)],
])('reads a receipt %s', (_, text) => {
  expect(receiptFields(Buffer.from(text))).toEqual({ id: '0A1B', digest: '0123456789ABCDEF0123456789abcdef' });
});
