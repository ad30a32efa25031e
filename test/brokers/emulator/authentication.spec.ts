import { createHash } from 'node:crypto';
import { startForTest } from './support/emulators.js';
import { codeOf, MQClient } from '../../support/transport/node-sdk.js';
import { messageXml, rawRequest, type RawRequest } from './support/raw-request.js';

const TARGET = '/topics/orders/messages?ns=I';
const BODY = messageXml('m');
const digest = createHash('md5').update(BODY).digest();

describe('authentication', () => {
  it.each<[string, number, string, RawRequest]>([
    ['no Authorization', 400, 'MissingAuthorizationHeader', { headers: { authorization: undefined } }],
    ['another scheme', 400, 'InvalidAuthorizationHeader', { headers: { authorization: 'Basic dGVzdA==' } }],
    ['no Date', 400, 'MissingDateHeader', { headers: { date: undefined } }],
    ['a Date that is none', 400, 'InvalidDateHeader', { headers: { date: 'yesterday' } }],
    ['a Date in another zone', 400, 'InvalidDateHeader', { headers: { date: 'Thu, 07 Mar 2012 18:49:58 +0800' } }],
    ['an old Date', 408, 'TimeExpired', { headers: { date: new Date(Date.now() - 16 * 60_000).toUTCString() } }],
    ['a Date to come', 408, 'TimeExpired', { headers: { date: new Date(Date.now() + 16 * 60_000).toUTCString() } }],
    ['an unknown key', 403, 'InvalidAccessKeyId', { headers: { authorization: 'MQ nobody:c2ln' } }],
    ['a wrong secret', 403, 'SignatureDoesNotMatch', { secret: 'wrong' }],
    ['a content type that was not signed', 403, 'SignatureDoesNotMatch', { signedType: 'text/plain' }],
    ['a digest of something else', 400, 'InvalidDigest', { headers: { 'content-md5': 'bm9wZQ==' } }],
  ])('refuses %s', async (_name, status, code, request) => {
    const emulator = await startForTest();
    const answer = await rawRequest(emulator.endpoint, TARGET, { method: 'POST', body: BODY, ...request });
    expect(answer).toMatchObject({ status, code });
    expect(emulator.state()).toEqual({ instances: {}, requests: { publish: { [status]: 1 } } });
  });

  it.each<[string, RawRequest]>([
    ['14 minutes of skew', { headers: { date: new Date(Date.now() - 14 * 60_000).toUTCString() } }],
    ['the digest of RFC 1864', { headers: { 'content-md5': digest.toString('base64') } }],
    [
      'the digest as Node and Go send it',
      { headers: { 'content-md5': Buffer.from(digest.toString('hex')).toString('base64') } },
    ],
    ['a security token, which is not signed', { headers: { 'security-token': 'sts' } }],
    ['text/xml signed and no content type sent', { headers: { 'content-type': undefined }, signedType: 'text/xml' }],
  ])('accepts %s', async (_name, request) => {
    const { endpoint } = await startForTest();
    const answer = await rawRequest(endpoint, TARGET, { method: 'POST', body: BODY, ...request });
    expect(answer.status).toBe(201);
  });

  it('signs with the keys it was given', async () => {
    const { endpoint, client } = await startForTest({ accessKeyId: 'LTAI', accessKeySecret: 'ké' });
    expect(await codeOf(client.getProducer('I', 'orders').publishMessage('m'))).toBe('InvalidAccessKeyId');
    const named = new MQClient(endpoint, 'LTAI', 'ké');
    expect((await named.getProducer('I', 'orders').publishMessage('m')).code).toBe(201);
  });

  it('never tells the secret', async () => {
    const { endpoint } = await startForTest({ accessKeySecret: 'hush-hush' });
    const wrong = await rawRequest(endpoint, TARGET, { method: 'POST', body: BODY, secret: 'wrong' });
    const right = await rawRequest(endpoint, TARGET, { method: 'POST', body: BODY, secret: 'hush-hush' });
    expect(right.status).toBe(201);
    expect(wrong.code).toBe('SignatureDoesNotMatch');
    expect(wrong.text).not.toContain('hush-hush');
  });
});
