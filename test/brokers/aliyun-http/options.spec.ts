import { inspect } from 'node:util';
import { aliyunHttp, type AliyunHttpOptions } from 'nestjs-reliable-mq/aliyun-http';

const valid: AliyunHttpOptions = {
  endpoint: 'https://1234.mqrest.cn-hangzhou.aliyuncs.com',
  accessKeyId: 'key-id',
  accessKeySecret: 'S3cret/With+Every=Sign',
};

const pathsOf = (options: unknown): string[] =>
  aliyunHttp(options as AliyunHttpOptions)
    .problems()
    .map(({ path }) => path);

it.each<[string, Partial<AliyunHttpOptions>]>([
  ['the least', {}],
  ['a slash at the end of the endpoint', { endpoint: 'http://127.0.0.1:9877/' }],
  ['an address of IPv6', { endpoint: 'http://[::1]:9877' }],
  [
    'a provider',
    {
      accessKeyId: undefined,
      accessKeySecret: undefined,
      credentials: async () => ({ accessKeyId: 'a', accessKeySecret: 'b' }),
    },
  ],
  [
    'everything',
    {
      instanceId: 'MQ_INST_1',
      securityToken: 'token',
      connectTimeout: '1s',
      requestTimeout: 500,
      pollTimeout: '2s',
      maxSockets: 4,
      maxResponseBytes: 1,
    },
  ],
])('takes %s', (_, options) => {
  expect(aliyunHttp({ ...valid, ...options }).problems()).toEqual([]);
});

it.each<[string, unknown, string[]]>([
  [
    'nothing at all',
    undefined,
    ['transport', 'transport.endpoint', 'transport.accessKeyId', 'transport.accessKeySecret'],
  ],
  ['null', null, ['transport', 'transport.endpoint', 'transport.accessKeyId', 'transport.accessKeySecret']],
  ['an unknown option', { ...valid, acessKeyId: 'a' }, ['transport.acessKeyId']],
  ['no endpoint', { ...valid, endpoint: undefined }, ['transport.endpoint']],
  ['an endpoint without a scheme', { ...valid, endpoint: '1234.mqrest.aliyuncs.com' }, ['transport.endpoint']],
  ['an endpoint with another scheme', { ...valid, endpoint: 'ftp://host' }, ['transport.endpoint']],
  ['an endpoint with a path', { ...valid, endpoint: 'https://host/path' }, ['transport.endpoint']],
  ['an endpoint with a query', { ...valid, endpoint: 'https://host/?a=b' }, ['transport.endpoint']],
  ['an endpoint with an empty query', { ...valid, endpoint: 'https://host?' }, ['transport.endpoint']],
  ['an endpoint with a fragment', { ...valid, endpoint: 'https://host#a' }, ['transport.endpoint']],
  ['an endpoint with credentials', { ...valid, endpoint: 'https://a:b@host' }, ['transport.endpoint']],
  ['an endpoint that is no URL', { ...valid, endpoint: 'http://[' }, ['transport.endpoint']],
  ['a secret with a line end', { ...valid, accessKeySecret: 'secret\n' }, ['transport.accessKeySecret']],
  ['a key that is no text', { ...valid, accessKeyId: 12_345 }, ['transport.accessKeyId']],
  [
    'a key beside a provider',
    { ...valid, credentials: async () => valid },
    ['transport.accessKeyId', 'transport.accessKeySecret'],
  ],
  ['a provider that is none', { endpoint: valid.endpoint, credentials: 'a' }, ['transport.credentials']],
  ['an instance with a query', { ...valid, instanceId: 'I&ns=J' }, ['transport.instanceId']],
  ['a duration that is none', { ...valid, requestTimeout: '10 parsecs' }, ['transport.requestTimeout']],
  ['no sockets', { ...valid, maxSockets: 0 }, ['transport.maxSockets']],
])('reports %s, and does not throw', (_, options, paths) => {
  expect(pathsOf(options)).toEqual(paths);
});

it('refuses to connect with problems', async () => {
  const transport = aliyunHttp({ ...valid, endpoint: 'host', maxSockets: -1 });
  await expect(transport.connect()).rejects.toMatchObject({
    code: 'MQ_CONFIG_INVALID',
    message: expect.stringMatching(/transport\.endpoint: [^]*transport\.maxSockets: /) as string,
  });
  await transport.close();
});

it('warns of an endpoint without encryption, unless it is on this machine', () => {
  const warnings = (endpoint: string): number => aliyunHttp({ ...valid, endpoint }).warnings!().length;
  expect(warnings('http://1234.mqrest.cn-hangzhou.aliyuncs.com')).toBe(1);
  expect(warnings('http://10.0.0.1:9877')).toBe(1);
  expect(warnings('http://localhost.example.com')).toBe(1);
  expect(warnings('https://1234.mqrest.cn-hangzhou.aliyuncs.com')).toBe(0);
  for (const host of ['localhost', '127.0.0.1', '127.1.2.3', '[::1]']) expect(warnings(`http://${host}:9877`)).toBe(0);
  expect(warnings('nonsense')).toBe(0);
});

it('shows no secret, however it is printed', () => {
  const secrets = { accessKeySecret: 'S3CRET-KEY', securityToken: 'S3CRET-TOKEN' };
  const transport = aliyunHttp({ ...valid, ...secrets });
  const broken = aliyunHttp({
    ...valid,
    ...secrets,
    endpoint: 'https://S3CRET-USER:S3CRET-PASSWORD@host',
    accessKeySecret: 'S3CRET WITH BLANKS',
  });
  const prints = [transport, broken].flatMap((each) => [
    inspect(each, { depth: 10, showHidden: true }),
    JSON.stringify(each),
    String(each),
    inspect({ nested: [each] }, { depth: 10 }),
    JSON.stringify(each.problems()),
    ...(each.warnings?.() ?? []),
  ]);
  expect(prints.join('\n')).not.toContain('S3CRET');
  expect(inspect(transport)).toContain('***');
  expect(JSON.stringify(transport)).toContain('1234.mqrest.cn-hangzhou.aliyuncs.com');
});

it('is known by the host of its endpoint, or by the name that it is given', () => {
  expect(aliyunHttp(valid).identity).toBe('1234.mqrest.cn-hangzhou.aliyuncs.com');
  expect(aliyunHttp({ ...valid, endpoint: 'http://127.0.0.1:9877/' }).identity).toBe('127.0.0.1:9877');
  expect(aliyunHttp({ ...valid, instanceId: 'MQ_INST_1' }).identity).toBe(
    '1234.mqrest.cn-hangzhou.aliyuncs.com/MQ_INST_1',
  );
  expect(aliyunHttp({ ...valid, instanceId: 'MQ_INST_1', identity: 'prod' }).identity).toBe('prod');
  expect(pathsOf({ ...valid, identity: 7 })).toEqual(['transport.identity']);
});
