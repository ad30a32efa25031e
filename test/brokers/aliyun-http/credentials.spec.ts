import { inspect } from 'node:util';
import { startEmulator, type Emulator } from 'nestjs-reliable-mq-emulator';
import { ManualClock } from 'nestjs-reliable-mq/testing';
import { aliyunHttp, type ProvidedCredentials } from 'nestjs-reliable-mq/aliyun-http';
import { errorXml, http, receiptXml } from '../../support/transport/answers.js';
import { outbound } from '../../support/transport/messages.js';
import { failure, never, SECRET, Stage } from '../../support/transport/stage.js';

const BODY = '{"id":1}';
const message = outbound({ body: BODY });
const sent = http(201, receiptXml(BODY));

let stage: Stage;
beforeEach(async () => (stage = await Stage.open(sent)));
afterEach(() => stage.close());

const keysSeen = (): string[] =>
  stage.server.requests.map(({ headers }) => /^MQ (.*):/.exec(headers['authorization'] ?? '')![1]!);

describe('with a provider', () => {
  it('asks once for many calls at the same time, and keeps the answer', async () => {
    let asked = 0;
    const credentials = async (): Promise<ProvidedCredentials> => {
      asked += 1;
      await new Promise((resolve) => setImmediate(resolve));
      return { accessKeyId: `key-${asked}`, accessKeySecret: SECRET, securityToken: 'token-1' };
    };
    const transport = stage.transport({ credentials });
    await Promise.all(Array.from({ length: 10 }, () => transport.send(message, never)));
    await transport.send(message, never);
    expect(asked).toBe(1);
    expect(new Set(keysSeen())).toEqual(new Set(['key-1']));
    expect(stage.server.requests[0]!.headers['security-token']).toBe('token-1');
  });

  it('asks again before they end, and uses the old ones while a new answer fails', async () => {
    const clock = new ManualClock();
    const answers: (() => Promise<ProvidedCredentials>)[] = [1, 2, 3].map((n) => async () => ({
      accessKeyId: `key-${n}`,
      accessKeySecret: SECRET,
      expiresAt: new Date(clock.now() + 3_600_000),
    }));
    answers.splice(1, 0, () => Promise.reject(new Error('STS is down')));
    const transport = stage.transport({ clock, credentials: () => answers.shift()!() });
    const publishAfter = async (ms: number): Promise<void> => {
      await clock.advance(ms);
      await transport.send(message, never);
    };
    await publishAfter(0);
    await publishAfter(3_200_000);
    await publishAfter(200_000); // 200 seconds before the end: the provider fails
    await publishAfter(0); // and answers
    expect(keysSeen()).toEqual(['key-1', 'key-1', 'key-1', 'key-2']);
  });

  it('asks again, once, when the broker refuses them', async () => {
    let asked = 0;
    stage.server.reply = ({ headers }) =>
      headers['authorization']?.startsWith('MQ key-2:') ? sent : http(403, errorXml('InvalidAccessKeyId'));
    const credentials = async (): Promise<ProvidedCredentials> => ({
      accessKeyId: `key-${++asked}`,
      accessKeySecret: SECRET,
    });
    const transport = stage.transport({ credentials });
    await Promise.all([1, 2, 3].map(() => transport.send(message, never)));
    expect(asked).toBe(2);
    expect(keysSeen().toSorted()).toEqual(['key-1', 'key-1', 'key-1', 'key-2', 'key-2', 'key-2']);
    stage.server.reply = http(403, errorXml('InvalidAccessKeyId'));
    expect(await failure(transport.send(message, never))).toMatchObject({
      kind: 'auth',
      brokerCode: 'InvalidAccessKeyId',
    });
    expect(asked).toBe(3);
  });

  it('does not try again with what was refused already', async () => {
    stage.server.reply = http(403, errorXml('SignatureDoesNotMatch'));
    const transport = stage.transport({ credentials: async () => ({ accessKeyId: 'key-1', accessKeySecret: SECRET }) });
    expect((await failure(transport.send(message, never))).kind).toBe('auth');
    expect(stage.server.requests).toHaveLength(1);
  });

  it.each<[string, () => Promise<ProvidedCredentials>]>([
    ['rejects', () => Promise.reject(new Error('STS is down'))],
    [
      'throws',
      () => {
        throw new Error('STS is down');
      },
    ],
    ['answers nothing', async () => undefined as never],
    ['answers half', async () => ({ accessKeyId: 'a' }) as never],
    ['answers a header of its own', async () => ({ accessKeyId: 'a\r\nx: y', accessKeySecret: 'b' })],
  ])('says auth, and sends nothing, when it %s', async (_, credentials) => {
    const error = await failure(stage.transport({ credentials }).send(message, never));
    expect(error).toMatchObject({ name: 'TransportError', kind: 'auth' });
    expect(stage.server.requests).toHaveLength(0);
  });

  it('does not wait for one that hangs', async () => {
    const clock = new ManualClock();
    const transport = stage.transport({ clock, credentials: () => new Promise(() => undefined) });
    const failed = failure(transport.send(message, never));
    await clock.advance(0);
    await clock.advance(10_000);
    expect((await failed).kind).toBe('auth');
  });
});

describe('the secret', () => {
  it('is what the emulator checks', async () => {
    const emulator: Emulator = await startEmulator({ accessKeyId: 'id', accessKeySecret: SECRET });
    const right = aliyunHttp({ endpoint: emulator.endpoint, accessKeyId: 'id', accessKeySecret: SECRET });
    const wrong = aliyunHttp({ endpoint: emulator.endpoint, accessKeyId: 'id', accessKeySecret: `${SECRET}x` });
    await right.send(message, never);
    const error = await failure(wrong.send(message, never));
    expect(error).toMatchObject({ kind: 'auth', brokerCode: 'SignatureDoesNotMatch' });
    expect(inspect(error, { depth: 10 })).not.toContain(SECRET);
    await Promise.all([right.close(), wrong.close(), emulator.close()]);
  });

  it.each<[string, (headers: Readonly<Record<string, string>>) => string]>([
    ['the broker', (headers) => http(403, errorXml('AccessDenied', JSON.stringify(headers)))],
    ['a page of a proxy', (headers) => http(403, `<html>${JSON.stringify(headers)}</html>`)],
    ['a header', (headers) => http(502, '', { Server: JSON.stringify(headers) })],
  ])('and the token are in no error, also when %s repeats the request', async (_, reply) => {
    stage.server.reply = ({ headers }) => reply(headers);
    const transport = stage.transport({ securityToken: 'T0KEN-OF-THE-TEST' });
    const error = await failure(transport.send(message, never));
    const printed = [inspect(error, { depth: 10, showHidden: true }), error.stack, JSON.stringify(error)].join('\n');
    expect(printed).not.toContain(SECRET);
    expect(printed).not.toContain('T0KEN-OF-THE-TEST');
    expect(stage.server.requests[0]!.headers['security-token']).toBe('T0KEN-OF-THE-TEST');
  });

  it("is not printed by the SDK's own debug lines, because its request never runs", async () => {
    // oxlint-disable-next-line typescript/no-require-imports
    const { MQClient } = jest.requireActual<{ MQClient: { prototype: { request(): unknown } } }>(
      '@aliyunmq/mq-http-sdk',
    );
    const request = jest.spyOn(MQClient.prototype, 'request');
    await stage.transport().send(message, never);
    expect(request).not.toHaveBeenCalled();
    request.mockRestore();
  });
});

it('says how far the clock is off when the broker refuses the time', async () => {
  const clock = new ManualClock(Date.UTC(2026, 0, 1, 12));
  stage.server.reply = http(408, errorXml('TimeExpired'), { Date: new Date(clock.now() + 3_600_000).toUTCString() });
  const error = await failure(stage.transport({ clock }).send(message, never));
  expect(error).toMatchObject({ kind: 'auth', brokerCode: 'TimeExpired', requestId: '5F3A1C2B4D5E6F7081920A1B' });
  expect(error.message).toContain('the clock of this machine is off: it is 3600 s behind');
});
