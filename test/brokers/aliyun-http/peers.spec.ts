import type { AliyunHttpOptions } from 'nestjs-reliable-mq/aliyun-http';

const options: AliyunHttpOptions = { endpoint: 'http://127.0.0.1:1', accessKeyId: 'a', accessKeySecret: 'b' };
const PEERS = ['@aliyunmq/mq-http-sdk', 'undici'];

afterEach(() => {
  for (const name of PEERS) jest.dontMock(name);
  jest.resetModules();
});

it('loads neither package before it connects', async () => {
  const loaded: string[] = [];
  for (const name of PEERS) {
    jest.doMock(name, () => {
      loaded.push(name);
      return jest.requireActual<object>(name);
    });
  }
  const { aliyunHttp } = await import('nestjs-reliable-mq/aliyun-http');
  const transport = aliyunHttp(options);
  transport.problems();
  transport.subscribe({ topic: 't', instanceId: null, groupId: 'g', tags: null, ordered: false });
  await transport.close();
  expect(loaded).toEqual([]);
  await transport.connect();
  expect(loaded.toSorted()).toEqual(PEERS);
  await transport.close();
});

it.each(PEERS)('says how to install %s when it is missing', async (name) => {
  jest.doMock(name, () => {
    throw Object.assign(new Error(`Cannot find module '${name}'`), { code: 'MODULE_NOT_FOUND' });
  });
  const { aliyunHttp } = await import('nestjs-reliable-mq/aliyun-http');
  const transport = aliyunHttp(options);
  await expect(transport.connect()).rejects.toMatchObject({
    code: 'MQ_PEER_MISSING',
    details: { package: name },
    message: expect.stringContaining('npm install @aliyunmq/mq-http-sdk@1.0.4 undici@7') as string,
  });
  await transport.close();
});

it('does not call a package missing that is there and broken', async () => {
  jest.doMock('undici', () => {
    throw Object.assign(new Error("Cannot find module 'something-inside'"), { code: 'MODULE_NOT_FOUND' });
  });
  const { aliyunHttp } = await import('nestjs-reliable-mq/aliyun-http');
  await expect(aliyunHttp(options).connect()).rejects.toThrow('something-inside');
});

describe('in a bundle, where no version can be read,', () => {
  it('refuses an undici that does not know our handlers', async () => {
    jest.doMock('undici', () =>
      undiciWith(() => {
        throw new TypeError('invalid onConnect method');
      }),
    );
    const { aliyunHttp } = await import('nestjs-reliable-mq/aliyun-http');
    await expect(aliyunHttp(options).connect()).rejects.toMatchObject({
      code: 'MQ_PEER_MISSING',
      details: { package: 'undici', range: '^7.0.0 || ^8.0.0' },
    });
  });

  it('takes one that does', async () => {
    jest.doMock('undici', () => undiciWith(() => true));
    const { aliyunHttp } = await import('nestjs-reliable-mq/aliyun-http');
    const transport = aliyunHttp(options);
    await transport.connect();
    await transport.close();
  });
});

it.each([
  [
    'undici throws',
    () => {
      throw new TypeError('handler.onHeaders is not a function');
    },
  ],
  [
    'undici reports',
    (_: unknown, handler: { onResponseError(controller: null, error: Error): void }) => {
      handler.onResponseError(
        null,
        Object.assign(new Error('invalid onConnect method'), { code: 'UND_ERR_INVALID_ARG' }),
      );
      return true;
    },
  ],
])('an error of our own making that %s is a defect and not the broker, and says where', async (_, dispatch) => {
  jest.doMock('undici', () => undiciWith((request, handler) => request.method === 'GET' || dispatch(request, handler)));
  const { aliyunHttp } = await import('nestjs-reliable-mq/aliyun-http');
  const transport = aliyunHttp(options);
  const message = {
    topic: 't',
    instanceId: null,
    tag: null,
    key: 'k',
    body: '1',
    properties: {},
    deliverAt: null,
    orderingKey: null,
  };
  await expect(transport.send(message, new AbortController().signal)).rejects.toMatchObject({
    kind: 'defect',
    message: expect.stringMatching(
      /^send to 't': the request failed by itself, nothing was sent: .*(onHeaders|onConnect).* \(at .*peers\.spec/,
    ) as string,
    cause: expect.objectContaining({ stack: expect.stringContaining('peers.spec') as string }) as Error,
  });
  await transport.close();
});

type Dispatch = (
  request: { method: string },
  handler: { onResponseError(controller: null, error: Error): void },
) => boolean;

function undiciWith(dispatch: Dispatch): object {
  class Client {
    readonly dispatch = dispatch;
    readonly destroyed = false;
    destroy = (): Promise<void> => Promise.resolve();
  }
  return { Client, buildConnector: () => () => undefined };
}
