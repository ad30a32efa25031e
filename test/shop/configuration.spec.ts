import { BUILD_TIMEOUT_MS, BUILT, ensureBuilt } from '../support/built.js';
import { Program } from '../support/program.js';

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
      '  - MQ_TRANSPORT=pigeons is not known; known: aliyun-http',
      expect.stringContaining('PORT=http'),
      expect.stringContaining('SHOP_PAYMENT_DUE: "soon"'),
    ]);
  });
});
