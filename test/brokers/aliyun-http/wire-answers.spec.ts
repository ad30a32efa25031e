import {
  errorXml,
  errorsXml,
  http,
  md5,
  messageXml,
  messagesXml,
  receiptXml,
} from '../../support/transport/answers.js';
import { Stage } from '../../support/transport/stage.js';

const BODY = '{"id":1}';
const HTML = '<html><head><title>502 Bad Gateway</title></head><body><hr></body></html>';
const html = { 'Content-Type': 'text/html' };

/** Every answer that the protocol, its proxies or its accidents have been seen to give, and what it must mean. */
interface Row {
  readonly answer: string;
  readonly wire: string;
  readonly publish: string;
  readonly poll: string;
  readonly ack: string;
}

const stranger = { publish: 'unknown', poll: 'unknown', ack: 'unknown' };
const refused = (kind: string): Pick<Row, 'publish' | 'poll' | 'ack'> => ({
  publish: kind,
  poll: kind,
  ack: 'unknown',
});

const ROWS: Row[] = [
  // What succeeds, for exactly one of the three operations.
  { answer: '201 with id and digest', wire: http(201, receiptXml(BODY)), ...stranger, publish: 'sent' },
  {
    answer: '201 with a lower-case digest',
    wire: http(201, receiptXml(BODY, { MessageBodyMD5: md5(BODY).toLowerCase() })),
    ...stranger,
    publish: 'sent',
  },
  {
    answer: '201 as text/plain: the digest is the proof',
    wire: http(201, receiptXml(BODY), { 'Content-Type': 'text/plain' }),
    ...stranger,
    publish: 'sent',
  },
  {
    answer: '201 as Text/XML',
    wire: http(201, receiptXml(BODY), { 'Content-Type': 'Text/XML' }),
    ...stranger,
    publish: 'sent',
  },
  {
    answer: '201 with a namespace prefix',
    wire: http(
      201,
      receiptXml(BODY)
        .replace('xmlns=', 'xmlns:m=')
        .replace(/(<\/?)(Message)/g, '$1m:$2'),
    ),
    ...stranger,
    publish: 'sent',
  },
  { answer: '200 with a message', wire: http(200, messagesXml(messageXml())), ...stranger, poll: '1 messages' },
  {
    answer: '200 with a message, as text/plain',
    wire: http(200, messagesXml(messageXml()), { 'Content-Type': 'text/plain' }),
    ...stranger,
    poll: '1 messages',
  },
  {
    answer: '200 with an attribute on a child',
    wire: http(200, messagesXml(messageXml().replace('<Message>', '<Message a="1">'))),
    ...stranger,
    poll: '1 messages',
  },
  {
    answer: '200 with a control character in a body',
    wire: http(200, messagesXml(messageXml({ MessageBody: 'a\u0001b' }).replace('\u0001', '&#x1;'))),
    ...stranger,
    poll: '1 messages',
  },
  {
    answer: '404 MessageNotExist',
    wire: http(404, errorXml('MessageNotExist')),
    publish: 'unknown',
    poll: 'empty',
    ack: 'lease-lost',
  },
  { answer: '204', wire: http(204, '').replace('Content-Length: 0\r\n', ''), ...stranger, ack: 'done' },
  {
    answer: '404 Errors that list the handle',
    wire: http(404, errorsXml([{ handle: 'handle-1' }])),
    ...stranger,
    ack: 'lease-lost',
  },
  {
    answer: '400 ReceiptHandleError as a single error',
    wire: http(400, errorXml('ReceiptHandleError')),
    ...stranger,
    ack: 'lease-lost',
  },

  // A status that does not go with its content.
  { answer: '200 with a receipt', wire: http(200, receiptXml(BODY)), ...stranger },
  { answer: '500 with a receipt', wire: http(500, receiptXml(BODY)), ...stranger },
  { answer: '201 with messages', wire: http(201, messagesXml(messageXml())), ...stranger },
  { answer: '404 with messages', wire: http(404, messagesXml(messageXml())), ...stranger },
  { answer: '201 with an error', wire: http(201, errorXml('InternalError')), ...stranger },
  {
    answer: '200 with an error',
    wire: http(200, errorXml('MessageNotExist')),
    publish: 'unknown',
    poll: 'unknown',
    ack: 'lease-lost',
  },

  // Contents that make no sense.
  { answer: '201 empty', wire: http(201, ''), ...stranger },
  { answer: '201 without MessageId', wire: http(201, receiptXml(BODY, { MessageId: '' })), ...stranger },
  { answer: '201 with the digest of another body', wire: http(201, receiptXml('another')), ...stranger },
  { answer: '201 without a digest', wire: http(201, receiptXml(BODY, { MessageBodyMD5: '' })), ...stranger },
  {
    answer: '201 with two ids',
    wire: http(201, receiptXml(BODY).replace('</MessageId>', '</MessageId><MessageId>B</MessageId>')),
    ...stranger,
  },
  { answer: '201 cut off', wire: http(201, receiptXml(BODY).slice(0, -5)), ...stranger },
  {
    answer: '201 not well-formed',
    wire: http(201, receiptXml(BODY).replace('</MessageId>', '</MessageIx>')),
    ...stranger,
  },
  { answer: '201 HTML', wire: http(201, HTML, html), ...stranger },
  { answer: '201 JSON', wire: http(201, '{"MessageId":"1"}', { 'Content-Type': 'application/json' }), ...stranger },
  {
    answer: '201 with a document type',
    wire: http(201, `<!DOCTYPE Message [<!ENTITY x "y">]>${receiptXml(BODY).slice(21)}`),
    ...stranger,
  },
  { answer: '200 empty', wire: http(200, ''), ...stranger },
  { answer: '200 without messages', wire: http(200, messagesXml()), ...stranger },
  {
    answer: '200 with a message without a handle',
    wire: http(200, messagesXml(messageXml({ ReceiptHandle: '' }))),
    ...stranger,
  },
  {
    answer: '200 with a damaged message',
    wire: http(200, messagesXml(messageXml({ MessageBodyMD5: 'F'.repeat(32) }))),
    ...stranger,
    poll: '1 messages',
  },
  { answer: '404 Errors without an entry', wire: http(404, errorsXml([])), ...stranger },
  { answer: '404 Errors with an empty handle', wire: http(404, errorsXml([{ handle: '' }])), ...stranger },
  {
    answer: '404 Errors with a code nobody knows',
    wire: http(404, errorsXml([{ handle: 'handle-1', code: 'New' }])),
    ...stranger,
  },
  { answer: '400 Error without Code', wire: http(400, '<Error><Message>m</Message></Error>'), ...stranger },

  // Somebody else answers.
  { answer: '302', wire: http(302, '', { Location: 'http://127.0.0.1:1/' }), ...stranger },
  { answer: '400 HTML', wire: http(400, HTML, html), ...stranger },
  { answer: '401 HTML', wire: http(401, HTML, html), ...stranger },
  { answer: '403 JSON', wire: http(403, '{"error":"waf"}', { 'Content-Type': 'application/json' }), ...stranger },
  { answer: '404 HTML', wire: http(404, HTML, html), ...stranger },
  { answer: '413 HTML', wire: http(413, HTML, html), ...stranger },
  { answer: '429 HTML', wire: http(429, HTML, html), ...refused('throttled') },
  { answer: '500 JSON', wire: http(500, '{}', { 'Content-Type': 'application/json' }), ...stranger },
  { answer: '502 HTML', wire: http(502, HTML, html), ...stranger },
  { answer: '502 HTML as text/xml', wire: http(502, HTML), ...stranger },
  { answer: '503 empty', wire: http(503, ''), ...stranger },
  { answer: '504 empty', wire: http(504, ''), ...stranger },

  // The broker's own words.
  ...Object.entries({
    AccessDenied: [403, 'denied'],
    InvalidAccessKeyId: [403, 'auth'],
    SignatureDoesNotMatch: [403, 'auth'],
    TimeExpired: [408, 'auth'],
    MissingAuthorizationHeader: [400, 'auth'],
    HTTPForbidden: [403, 'auth'],
    TopicNotExist: [404, 'not-found'],
    SubscriptionNotExist: [404, 'not-found'],
    InvalidRequestURL: [400, 'not-found'],
    QpsLimitExceeded: [400, 'throttled'],
    TooManyRequests: [429, 'throttled'],
    Throttling: [503, 'throttled'],
    InvalidArgument: [400, 'refused'],
    MalformedXML: [400, 'invalid'],
    InvalidContent: [400, 'invalid'],
    NotSupport: [400, 'refused'],
    InternalError: [500, 'unknown'],
    InternalServerError: [500, 'unknown'],
    RequestTimeout: [503, 'unknown'],
    InvalidDigest: [400, 'unknown'],
    AddedLastWeek: [400, 'unknown'],
  } as Record<string, [number, string]>).map(([code, [status, kind]]) => ({
    answer: `${status} ${code}`,
    wire: http(status, errorXml(code)),
    ...refused(kind),
  })),
  { answer: '500 AccessDenied', wire: http(500, errorXml('AccessDenied')), ...stranger },
];

let stage: Stage;
beforeAll(async () => (stage = await Stage.open()));
afterAll(() => stage.close());

describe.each(ROWS)('an answer $answer', ({ wire, publish, poll, ack }) => {
  beforeAll(() => (stage.server.reply = wire));

  it(`to a publish means ${publish}`, async () => {
    expect(await stage.publish({ body: BODY })).toBe(publish);
  });

  it(`to a poll means ${poll}`, async () => {
    expect(await stage.poll()).toBe(poll);
  });

  it(`to an acknowledgement means ${ack}`, async () => {
    expect(await stage.ack('handle-1')).toEqual([ack]);
  });
});

describe('acknowledging several deliveries', () => {
  const handles = ['handle-1', 'handle-2', 'handle-3'];

  it.each([
    ['204', http(204, '').replace('Content-Length: 0\r\n', ''), ['done', 'done', 'done']],
    ['one listed', http(404, errorsXml([{ handle: 'handle-2' }])), ['done', 'lease-lost', 'done']],
    [
      'one too late',
      http(404, errorsXml([{ handle: 'handle-3', code: 'MessageNotExist' }])),
      ['done', 'done', 'lease-lost'],
    ],
    [
      'one that nobody has',
      http(404, errorsXml([{ handle: 'handle-2' }, { handle: '' }])),
      ['unknown', 'lease-lost', 'unknown'],
    ],
    ['one error for all', http(404, errorXml('ReceiptHandleError')), ['unknown', 'unknown', 'unknown']],
    ['a server error', http(500, errorsXml([{ handle: 'handle-2' }])), ['unknown', 'unknown', 'unknown']],
  ])('maps %s', async (_, wire, settlements) => {
    stage.server.reply = wire;
    expect(await stage.ack(...handles)).toEqual(settlements);
  });
});
