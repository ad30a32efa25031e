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
