import { rocketmq, type RocketmqOptions } from 'nestjs-reliable-mq/rocketmq';
import { inspect } from 'node:util';
import { makeSelfSignedCertificate } from '../../../support/rocketmq/self-signed-certificate.mjs';
import { CREDENTIALS, SECRET } from '../../../support/transport/rocketmq-stage.js';

const endpoints = 'mq.internal:8081';
const { key, certificate } = makeSelfSignedCertificate();
const pathsOf = (options: unknown) =>
  rocketmq(options as RocketmqOptions)
    .problems()
    .map(({ path }) => path);

describe('the options', () => {
  it.each<[string, unknown]>([
    ['one name', { endpoints }],
    ['several in one text', { endpoints: '10.0.0.1:8081; 10.0.0.2:8081' }],
    ['several in a list', { endpoints: ['a.internal:8081', '[::1]:8081'] }],
    [
      'everything',
      {
        endpoints,
        credentials: CREDENTIALS,
        namespace: 'ns-1',
        tls: true,
        profile: 'aliyun',
        connectTimeout: '2s',
        requestTimeout: 4_000,
      },
    ],
    [
      'certificates',
      { endpoints, tls: { ca: certificate, cert: Buffer.from(certificate), key, rejectUnauthorized: true } },
    ],
    ['a reader of dead letters', { endpoints, deadLetterGroup: 'GID_dead' }],
  ])('may be %s', (_, options) => expect(pathsOf(options)).toEqual([]));

  it.each<[string, unknown, string[]]>([
    ['nothing', undefined, ['transport', 'transport.endpoints']],
    ['an empty object', {}, ['transport.endpoints']],
    ['a text', 'mq.internal:8081', ['transport', 'transport.endpoints']],
    ['null', null, ['transport', 'transport.endpoints']],
    ['an unknown name', { endpoints, endpoint: 'x' }, ['transport.endpoint']],
    ['no endpoint in the list', { endpoints: [] }, ['transport.endpoints']],
    ['an empty text', { endpoints: '' }, ['transport.endpoints']],
    ['only a separator', { endpoints: ';' }, ['transport.endpoints']],
    ['a number', { endpoints: 8081 }, ['transport.endpoints']],
    ['null in the list', { endpoints: [null] }, ['transport.endpoints']],
    ['no port', { endpoints: 'mq.internal' }, ['transport.endpoints']],
    ['port 0', { endpoints: 'mq.internal:0' }, ['transport.endpoints']],
    ['port 65536', { endpoints: 'mq.internal:65536' }, ['transport.endpoints']],
    ['a scheme', { endpoints: 'http://mq.internal:8081' }, ['transport.endpoints']],
    ['IPv6 without brackets', { endpoints: '::1:8081' }, ['transport.endpoints']],
    ['half an IPv6 address', { endpoints: '[:::1]:8081' }, ['transport.endpoints']],
    ['two that are wrong', { endpoints: ['a', 'b:1', 'c'] }, ['transport.endpoints', 'transport.endpoints']],
    [
      'empty credentials',
      { endpoints, credentials: {} },
      ['transport.credentials.accessKey', 'transport.credentials.accessSecret'],
    ],
    [
      'credentials that are a text',
      { endpoints, credentials: SECRET },
      ['transport.credentials', 'transport.credentials.accessKey', 'transport.credentials.accessSecret'],
    ],
    [
      'a line end in the secret',
      { endpoints, credentials: { accessKey: 'a', accessSecret: `${SECRET}\n` } },
      ['transport.credentials.accessSecret'],
    ],
    [
      'a blank in the token',
      { endpoints, credentials: { ...CREDENTIALS, securityToken: 'a b' } },
      ['transport.credentials.securityToken'],
    ],
    ['a namespace with a slash', { endpoints, namespace: 'a/b' }, ['transport.namespace']],
    ['tls as a text', { endpoints, tls: 'yes' }, ['transport.tls']],
    ['a certificate without its key', { endpoints, tls: { cert: certificate } }, ['transport.tls']],
    ['ca as a number', { endpoints, tls: { ca: 7 } }, ['transport.tls.ca']],
    [
      'ca that is no certificate',
      { endpoints, tls: { ca: '-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----' } },
      ['transport.tls'],
    ],
    ['a key that is no key', { endpoints, tls: { cert: certificate, key: 'nonsense' } }, ['transport.tls']],
    [
      'rejectUnauthorized as a text',
      { endpoints, tls: { rejectUnauthorized: 'no' } },
      ['transport.tls.rejectUnauthorized'],
    ],
    ['an unknown profile', { endpoints, profile: 'toString' }, ['transport.profile']],
    ['no name for the reader of dead letters', { endpoints, deadLetterGroup: '' }, ['transport.deadLetterGroup']],
    [
      'a timeout of nothing',
      { endpoints, connectTimeout: 0, requestTimeout: 'soon' },
      ['transport.connectTimeout', 'transport.requestTimeout'],
    ],
  ])('must not be %s', async (_, options, paths) => {
    expect([...new Set(pathsOf(options))]).toEqual([...new Set(paths)]);
    const transport = rocketmq(options as RocketmqOptions);
    expect(() => [inspect(transport), JSON.stringify(transport), transport.warnings!()]).not.toThrow();
    await expect(transport.connect()).rejects.toMatchObject({ code: 'MQ_CONFIG_INVALID' });
    await transport.close();
    expect(inspect([transport, transport.problems()], { depth: 9 })).not.toContain(SECRET);
  });

  it('warn of what is on the wire unprotected, away from this machine only', () => {
    const warnings = (options: Partial<RocketmqOptions>) => rocketmq({ endpoints, ...options }).warnings!().join();
    expect(warnings({ endpoints: ['127.0.0.1:8081', '[::1]:8081', 'localhost:8081'], credentials: CREDENTIALS })).toBe(
      '',
    );
    expect(warnings({ tls: true })).toBe('');
    expect(warnings({ credentials: CREDENTIALS })).toMatch(/mq\.internal:8081 is not encrypted.*signed headers/);
    expect(warnings({ tls: { rejectUnauthorized: false } })).toMatch(/rejectUnauthorized/);
  });
});

it('is known by its addresses, in whatever order they are listed, or by the name that it is given', () => {
  const identityOf = (options: RocketmqOptions): string => rocketmq(options).identity;
  expect(identityOf({ endpoints: ['b.internal:8081', 'A.internal:8081'] })).toBe(
    identityOf({ endpoints: 'a.internal:8081;b.internal:8081' }),
  );
  expect(identityOf({ endpoints, namespace: 'ns' })).not.toBe(identityOf({ endpoints }));
  expect(identityOf({ endpoints, namespace: 'ns', identity: 'prod' })).toBe('prod');
  expect(pathsOf({ endpoints, identity: 7 })).toEqual(['transport.identity']);
});
