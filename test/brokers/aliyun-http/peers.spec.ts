import type { AliyunHttpOptions } from 'nestjs-reliable-mq/aliyun-http';
import { outbound } from '../../support/transport/messages.js';
import { Stage } from '../../support/transport/stage.js';

const options: AliyunHttpOptions = { endpoint: 'http://127.0.0.1:1', accessKeyId: 'a', accessKeySecret: 'b' };
const SDK = '@aliyunmq/mq-http-sdk';

interface Package {
  MQClient: new (...of: unknown[]) => { buildHeaders(...of: unknown[]): object };
}

afterEach(() => {
  jest.dontMock(SDK);
  jest.resetModules();
});

it('loads the SDK when it connects, and not before', async () => {
  const loaded: string[] = [];
  jest.doMock(SDK, () => {
    loaded.push(SDK);
    return jest.requireActual<object>(SDK);
  });
  const { aliyunHttp } = await import('nestjs-reliable-mq/aliyun-http');
  const transport = aliyunHttp(options);
  transport.problems();
  transport.subscribe({ topic: 't', instanceId: null, groupId: 'g', tags: null, ordered: false });
  await transport.close();
  expect(loaded).toEqual([]);
  await transport.connect();
  expect(loaded).toEqual([SDK]);
  await transport.close();
});

it('says how to install it when it is missing', async () => {
  jest.doMock(SDK, () => {
    throw Object.assign(new Error(`Cannot find module '${SDK}'`), { code: 'MODULE_NOT_FOUND' });
  });
  const { aliyunHttp } = await import('nestjs-reliable-mq/aliyun-http');
  const transport = aliyunHttp(options);
  await expect(transport.connect()).rejects.toMatchObject({
    code: 'MQ_PEER_MISSING',
    details: { package: SDK },
    message: expect.stringContaining('npm install @aliyunmq/mq-http-sdk@1.0.4') as string,
  });
  await transport.close();
});

it('does not call a package missing that is there and broken', async () => {
  jest.doMock(SDK, () => {
    throw Object.assign(new Error("Cannot find module 'something-inside'"), { code: 'MODULE_NOT_FOUND' });
  });
  const { aliyunHttp } = await import('nestjs-reliable-mq/aliyun-http');
  await expect(aliyunHttp(options).connect()).rejects.toThrow('something-inside');
});

it('refuses, in a bundle where no version can be read, what is no SDK', async () => {
  jest.doMock(SDK, () => ({ Client: class {} }));
  const { aliyunHttp } = await import('nestjs-reliable-mq/aliyun-http');
  await expect(aliyunHttp(options).connect()).rejects.toMatchObject({
    code: 'MQ_PEER_MISSING',
    details: { package: SDK, range: '1.0.4' },
  });
});

it.each<[string, (method: unknown) => object, RegExp]>([
  ['a header that writes another one', () => ({ 'x-mq-evil': 'a\r\nx-mq-other: b' }), /the header x-mq-evil .*unfit/],
  ['a header of other letters', () => ({ 'x-mq-evil': '订单' }), /the header x-mq-evil .*unfit/],
  [
    'an error',
    (method) => {
      if (method === 'POST') throw new TypeError('this.sign is not a function');
      return {};
    },
    /this\.sign is not a function/,
  ],
])(
  '%s of an SDK that somebody patched is a defect and not the broker: nothing is sent, and where it failed is said',
  async (_, headers, why) => {
    const real = jest.requireActual<Package>(SDK);
    let isConnected = false;
    jest.doMock(SDK, () => ({
      ...real,
      MQClient: class extends real.MQClient {
        override buildHeaders(...of: unknown[]): object {
          return { ...super.buildHeaders(...of), ...(isConnected ? headers(of[0]) : { 'x-mq-patched': 'yes' }) };
        }
      },
    }));
    const stage = await Stage.open();
    const { aliyunHttp } = await import('nestjs-reliable-mq/aliyun-http');
    const transport = aliyunHttp({ ...options, endpoint: stage.server.endpoint });
    await transport.connect();
    isConnected = true;
    const failed = transport.send(outbound(), new AbortController().signal);
    await expect(failed).rejects.toMatchObject({
      kind: 'defect',
      message: expect.stringMatching(
        new RegExp(`^send to 'orders': .* failed by itself, nothing was sent: .*${why.source}.* \\(at `),
      ) as string,
      cause: expect.any(TypeError) as Error,
    });
    expect(stage.server.requests).toEqual([]);
    await transport.close();
    await stage.close();
  },
);
