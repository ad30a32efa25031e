import { Agent } from 'node:http';
import { connect } from 'node:net';
import { startForTest } from './support/emulators.js';
import { messageXml, rawRequest } from './support/raw-request.js';

const PUBLISH = '/topics/orders/messages?ns=I';
const CONSUME = '/topics/orders/messages?consumer=GID_a&ns=I&numOfMessages=16';
const ACK = '/topics/orders/messages?consumer=GID_a&ns=I';
const post = (body: string | Buffer, headers = {}) => ({ method: 'POST', body, headers });

describe('answers', () => {
  it('have the headers and documents that every SDK can read', async () => {
    const { endpoint } = await startForTest();
    const published = await rawRequest(endpoint, PUBLISH, post(messageXml('a', '<Properties>k:v</Properties>')));
    expect(published.status).toBe(201);
    expect(published.text).toMatch(
      /^<\?xml version="1\.0" encoding="UTF-8"\?><Message xmlns="http:\/\/mq\.aliyuncs\.com\/doc\/v1"><MessageId>[0-9A-F]{32}<\/MessageId><MessageBodyMD5>0CC175B9C0F1B6A831C399E269772661<\/MessageBodyMD5><\/Message>$/,
    );
    const consumed = await rawRequest(endpoint, CONSUME);
    const names = [...consumed.text.matchAll(/<([A-Z]\w+)/g)].map((match) => match[1]);
    expect(names).toEqual([
      'Messages',
      'Message',
      'MessageId',
      'MessageBodyMD5',
      'MessageBody',
      'ReceiptHandle',
      'PublishTime',
      'FirstConsumeTime',
      'NextConsumeTime',
      'ConsumedTimes',
      'Properties',
    ]);
    expect(consumed.text).toContain('<Properties>k:v|</Properties>');
    const handle = /<ReceiptHandle>(.*)<\/ReceiptHandle>/.exec(consumed.text)?.[0] ?? '';
    const acked = await rawRequest(endpoint, ACK, {
      method: 'DELETE',
      body: `<ReceiptHandles>${handle}</ReceiptHandles>`,
    });
    expect(acked).toMatchObject({ status: 204, text: '' });
    const nothing = await rawRequest(endpoint, CONSUME);
    expect(nothing.text).toMatch(
      new RegExp(
        `<Error xmlns="http://mq.aliyuncs.com/doc/v1"><Code>MessageNotExist</Code><Message>.+</Message>` +
          `<RequestId>${nothing.headers['x-mq-request-id'] as string}</RequestId><HostId>http://127.0.0.1:\\d+</HostId></Error>$`,
      ),
    );
    for (const { headers } of [published, consumed, acked, nothing]) {
      expect(headers).toMatchObject({
        'x-mq-request-id': expect.stringMatching(/^[0-9A-F]{24}$/),
        'x-mq-version': '2015-06-06',
        date: expect.stringMatching(/GMT$/),
      });
    }
    expect(published.headers['content-type']).toBe('text/xml;charset=utf-8');
  });

  it('write markup and CR as entities, and never CDATA', async () => {
    const { endpoint } = await startForTest();
    await rawRequest(endpoint, PUBLISH, post(messageXml('<![CDATA[<&>]]>&#13;')));
    expect((await rawRequest(endpoint, CONSUME)).text).toContain('<MessageBody>&lt;&amp;&gt;&#13;</MessageBody>');
  });

  it('announce less idle time than there is', async () => {
    const { endpoint } = await startForTest();
    const agent = new Agent({ keepAlive: true });
    const answer = await rawRequest(endpoint, CONSUME, { agent });
    expect(answer.headers).toMatchObject({ connection: 'keep-alive', 'keep-alive': 'timeout=60' });
    agent.destroy();
    expect((await rawRequest(endpoint, CONSUME, { headers: { connection: 'close' } })).headers.connection).toBe(
      'close',
    );
  });
});

describe('tolerance', () => {
  it.each<[string, string | Buffer, Record<string, string>]>([
    ['a byte order mark (C#)', Buffer.from(`\uFEFF${messageXml('m')}`), {}],
    [
      'Properties before MessageTag (Python)',
      messageXml('m', '<Properties>a:b|</Properties><MessageTag>t</MessageTag>'),
      {},
    ],
    [
      'standalone and pretty printing (C++)',
      '<?xml version="1.0" encoding="utf-8" standalone="no"?>\n<Message>\n\t<MessageBody>m</MessageBody>\n</Message>\n',
      {},
    ],
    [
      'a namespace with a slash (Node, PHP)',
      '<Message xmlns="http://mq.aliyuncs.com/doc/v1/"><MessageBody>m</MessageBody></Message>',
      {},
    ],
    [
      'prefixes',
      '<q:Message xmlns:q="http://mq.aliyuncs.com/doc/v1/"><q:MessageBody>m</q:MessageBody></q:Message>',
      {},
    ],
    ['elements it does not know', messageXml('m', '<DelaySeconds>1</DelaySeconds><X><Y>z</Y></X>'), {}],
    ['Expect: 100-continue (Java)', messageXml('m'), { expect: '100-continue' }],
    ['headers in capitals (Go)', messageXml('m'), { 'X-Mq-Version': '2015-06-06' }],
  ])('takes %s', async (_name, body, headers) => {
    const { endpoint } = await startForTest();
    expect((await rawRequest(endpoint, PUBLISH, post(body, headers))).status).toBe(201);
    expect((await rawRequest(endpoint, CONSUME)).text).toContain('<MessageBody>m</MessageBody>');
  });

  it('reads numeric references, astral ones included (Java)', async () => {
    const { endpoint } = await startForTest();
    await rawRequest(endpoint, PUBLISH, post(messageXml('&#128512;&#x1F600;&#xe9;')));
    expect((await rawRequest(endpoint, CONSUME)).text).toContain('<MessageBody>😀😀é</MessageBody>');
  });

  it('ignores the body of a GET, and goes on with the connection', async () => {
    const { endpoint } = await startForTest();
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    for (const body of ['a', messageXml('stale')]) {
      expect((await rawRequest(endpoint, CONSUME, { body, agent })).code).toBe('MessageNotExist');
    }
    agent.destroy();
  });

  it('takes a body in chunks', async () => {
    const { endpoint } = await startForTest();
    const headers = { 'transfer-encoding': 'chunked', 'content-length': undefined };
    expect((await rawRequest(endpoint, PUBLISH, { method: 'POST', body: messageXml('m'), headers })).status).toBe(201);
  });

  it('lets the handle alone decide a half message (Go without an instance)', async () => {
    const { endpoint } = await startForTest();
    const half = post(messageXml('m', '<Properties>__TransCheckT:10</Properties>'));
    const published = await rawRequest(endpoint, '/topics/orders/messages', half);
    const handle = /<ReceiptHandle>.*<\/ReceiptHandle>/.exec(published.text)?.[0];
    const target = '/topics/orders/messages?consumer=&trans=commit';
    const body = `<ReceiptHandles>${handle}</ReceiptHandles>`;
    expect((await rawRequest(endpoint, target, { method: 'DELETE', body })).status).toBe(204);
  });
});

describe('refusals', () => {
  const big = (bytes: number, rest?: string) => messageXml('x'.repeat(bytes), rest);
  const soon = `<Properties>__STARTDELIVERTIME:${Date.now() + 60_000}|</Properties>`;

  it.each<[string, string, string | Buffer]>([
    ['an unclosed tag', 'MalformedXML', '<Message><MessageBody>m'],
    ['a plain ampersand', 'MalformedXML', messageXml('a&b')],
    ['plain markup in the body', 'MalformedXML', messageXml('a<b')],
    [
      'a document type',
      'MalformedXML',
      `<!DOCTYPE Message [<!ENTITY x "y">]>${messageXml('&x;').replace(/^<\?.*?\?>/, '')}`,
    ],
    ['bytes that are not UTF-8', 'MalformedXML', Buffer.from(messageXml('é'), 'latin1')],
    ['nothing', 'MalformedXML', ''],
    ['a control character', 'InvalidContent', messageXml('a\u0001b')],
    ['a reference to a control character', 'InvalidContent', messageXml('a&#1;b')],
    ['a surrogate on its own', 'InvalidContent', messageXml('&#xD83D;')],
    ['another root', 'InvalidArgument', '<Massage><MessageBody>m</MessageBody></Massage>'],
    ['no body', 'InvalidArgument', '<Message/>'],
    ['an empty body', 'InvalidArgument', messageXml('')],
    ['elements in the body, as the Node SDK makes of an object', 'InvalidArgument', messageXml('<a>1</a>')],
    [
      'a second tag, slipped in through a body with "]]>"',
      'InvalidArgument',
      messageXml('a', '<MessageTag>x</MessageTag><MessageTag>y</MessageTag>'),
    ],
    ['a property without a value', 'InvalidArgument', messageXml('m', '<Properties>KEYS:k|evil</Properties>')],
    [
      'more than 16 KB of properties',
      'InvalidArgument',
      messageXml('m', `<Properties>k:${'v'.repeat(16_384)}</Properties>`),
    ],
    ['more than 4 MB', 'InvalidArgument', big(4 * 1024 * 1024 + 1)],
    ['more than 64 KB scheduled', 'InvalidArgument', big(65_537, soon)],
    ['more than 64 KB half', 'InvalidArgument', big(65_537, '<Properties>__TransCheckT:10|</Properties>')],
    ['more than any request may have', 'InvalidArgument', big(25 * 1024 * 1024)],
  ])('of %s: %s', async (_name, code, body) => {
    const emulator = await startForTest();
    expect(await rawRequest(emulator.endpoint, PUBLISH, post(body))).toMatchObject({ status: 400, code });
    expect(emulator.state().instances).toEqual({});
  });

  it('begin beyond the limits, not at them', async () => {
    const { endpoint } = await startForTest();
    for (const body of [big(4 * 1024 * 1024), big(65_536, soon), messageXml('&amp;'.repeat(4 * 1024 * 1024))]) {
      expect((await rawRequest(endpoint, PUBLISH, post(body))).status).toBe(201);
    }
  });

  it.each([
    ['GET', '/', 'InvalidRequestURL'],
    ['GET', '/topics/orders', 'InvalidRequestURL'],
    ['GET', '/topics/%DLQ%GID_x/messages?consumer=G&numOfMessages=1', 'InvalidRequestURL'],
    ['PUT', '/topics/orders/messages', 'InvalidRequestURL'],
    ['GET', '/topics/orders/messages?consumer=G&numOfMessages=1&trans=commit', 'InvalidRequestURL'],
    ['GET', `/topics/orders/messages?consumer=G&numOfMessages=1&tag=${'t'.repeat(1_000)}`, 'InvalidRequestURL'],
    ['GET', '/topics/a%20b/messages?consumer=G&numOfMessages=1', 'InvalidArgument'],
    ['GET', `/topics/${'t'.repeat(65)}/messages?consumer=G&numOfMessages=1`, 'InvalidArgument'],
    ['GET', `/topics/${'t'.repeat(60)}/messages?consumer=${'g'.repeat(60)}&numOfMessages=1`, 'NotSupport'],
    ['GET', '/topics/orders/messages?consumer=G', 'InvalidArgument'],
    ['GET', '/topics/orders/messages?consumer=G&numOfMessages=undefined', 'InvalidArgument'],
    ['GET', '/topics/orders/messages?consumer=G&numOfMessages=0', 'InvalidArgument'],
    ['GET', '/topics/orders/messages?consumer=G&numOfMessages=17', 'InvalidArgument'],
    ['GET', '/topics/orders/messages?consumer=G&numOfMessages=1&waitseconds=31', 'InvalidArgument'],
    ['GET', '/topics/orders/messages?numOfMessages=1', 'InvalidArgument'],
    ['GET', '/topics/orders/messages?consumer=G&ns=I&ns=J&numOfMessages=1', 'InvalidQueryString'],
    ['GET', '/topics/orders/messages?consumer=%E0%A4%A&numOfMessages=1', 'InvalidQueryString'],
  ])('of %s %s: %s', async (method, target, code) => {
    const { endpoint } = await startForTest();
    expect(await rawRequest(endpoint, target, { method })).toMatchObject({ status: 400, code });
  });

  it.each([
    ['no handles', 'MissingReceiptHandle', '<ReceiptHandles></ReceiptHandles>'],
    ['text instead of handles', 'MissingReceiptHandle', '<ReceiptHandles>h</ReceiptHandles>'],
    ['no document', 'MissingReceiptHandle', ''],
    [
      '17 handles',
      'InvalidArgument',
      `<ReceiptHandles>${'<ReceiptHandle>h</ReceiptHandle>'.repeat(17)}</ReceiptHandles>`,
    ],
    ['another root', 'InvalidArgument', '<Handles><ReceiptHandle>h</ReceiptHandle></Handles>'],
  ])('of an ack with %s: %s', async (_name, code, body) => {
    const { endpoint } = await startForTest();
    expect(await rawRequest(endpoint, ACK, { method: 'DELETE', body })).toMatchObject({ status: 400, code });
  });

  it('survive what is no HTTP', async () => {
    const { endpoint, client } = await startForTest();
    const socket = connect(Number(new URL(endpoint).port), '127.0.0.1');
    socket.end('GARBAGE\r\n\r\n');
    const [answer] = await new Promise<Buffer[]>((resolve) => socket.once('data', (chunk) => resolve([chunk])));
    expect(answer.toString()).toMatch(/^HTTP\/1\.1 400/);
    expect((await client.getProducer('I', 'orders').publishMessage('m')).code).toBe(201);
  });
});
