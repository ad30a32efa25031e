import { BUILD_TIMEOUT_MS, BUILT, ensureBuilt } from '../../support/built.js';
import { useTestDatabase } from '../../support/database.js';
import { Program } from '../../support/program.js';
import { ShopProgram } from '../../support/shop-program.js';

beforeAll(ensureBuilt, BUILD_TIMEOUT_MS);

const BROKER = { MQ_ENDPOINT: 'http://127.0.0.1:1', MQ_ACCESS_KEY_ID: 'test', MQ_ACCESS_KEY_SECRET: 'test' };

describe('configuration of the shop', () => {
  it('tells everything that is wrong with its environment at once, without a stack', async () => {
    const { code, output } = await Program.run(BUILT.shop, {
      env: { ...BROKER, DATABASE_URL: 'sqlite:shop', MQ_TRANSPORT: 'pigeons', PORT: 'http', SHOP_PAYMENT_DUE: 'soon' },
    });
    expect(code).toBe(1);
    expect(output.split('\n')).toEqual([
      'The shop cannot start:',
      expect.stringContaining('DATABASE_URL must begin with postgres:// or mysql://'),
      '  - MQ_TRANSPORT=pigeons is not known; known: aliyun-http, rocketmq',
      expect.stringContaining('PORT=http'),
      expect.stringContaining('SHOP_PAYMENT_DUE: "soon"'),
    ]);
  });

  it('tells what is wrong with the settings of RocketMQ 5', async () => {
    const { code, output } = await Program.run(BUILT.shop, {
      env: {
        DATABASE_URL: 'postgres://127.0.0.1/shop',
        MQ_TRANSPORT: 'rocketmq',
        MQ_ENDPOINT: 'http://127.0.0.1:8081',
        MQ_ACCESS_KEY_ID: 'somebody',
        MQ_ACCESS_KEY_SECRET: '',
        MQ_TLS: 'maybe',
        MQ_PROFILE: 'tencent',
        MQ_REQUEST_TIMEOUT: 'never',
      },
    });
    expect(code).toBe(1);
    expect(output.split('\n')).toEqual([
      'The shop cannot start:',
      '  - MQ_ENDPOINT=http://127.0.0.1:8081 must be the host:port of the proxy, e.g. 127.0.0.1:8081',
      '  - MQ_ACCESS_KEY_ID and MQ_ACCESS_KEY_SECRET belong together: set both, or neither',
      '  - MQ_TLS=maybe is not known; known: true, false',
      '  - MQ_PROFILE=tencent is not known; known: apache, aliyun',
      expect.stringContaining('MQ_REQUEST_TIMEOUT: "never"'),
    ]);
  });
});

describe('broker clients of the shop', () => {
  const db = useTestDatabase();

  it.each([
    ['aliyun-http', 'http://127.0.0.1:1', ['@grpc/grpc-js', '@grpc/proto-loader']],
    ['rocketmq', '127.0.0.1:1', ['@aliyunmq/mq-http-sdk']],
  ])('are loaded for the chosen transport alone: %s starts without the other', async (name, endpoint, others) => {
    const shop = await ShopProgram.start(db, {
      ...BROKER,
      MQ_TRANSPORT: name,
      MQ_ENDPOINT: endpoint,
      MQ_REQUEST_TIMEOUT: '2000',
      NODE_OPTIONS: `--import=${asModule(withoutPackages(others))}`,
    });
    // The broker cannot be reached, which says that its own client was there to try.
    await shop.place('tea');
    expect(await shop.stop()).toEqual({ code: 0, signal: null });
    expect(shop.program.output.filter((line) => line.includes('MQ_PEER_MISSING'))).toEqual([]);
  });
});

/** A program that makes Node behave as if these packages were not installed. */
function withoutPackages(names: readonly string[]): string {
  const hook = `export async function resolve(name, context, next) {
    if (${JSON.stringify(names)}.includes(name)) throw Object.assign(new Error(name), { code: 'ERR_MODULE_NOT_FOUND' });
    return next(name, context);
  }`;
  return `import { register } from 'node:module'; register(${JSON.stringify(asModule(hook))});`;
}

function asModule(code: string): string {
  return `data:text/javascript,${encodeURIComponent(code)}`;
}
