import { describeOfficialSdk } from '../support/describe-official-sdk.js';
import { JavaSdkAgent, missingTools } from './java-sdk-agent.js';

// Maven has to fetch the SDK and its own plugins on the first run.
const FIRST_RUN_MS = 600_000;
const missing = missingTools();

describe('the official Java SDK', () => {
  if (missing.length > 0) {
    const reason = `it needs ${missing.join(' and ')}`;
    process.stderr.write(`The suite of the official Java SDK is left out: ${reason}.\n`);
    it(`is left out on this machine, and must not be under CI: ${reason}`, () => {
      expect(process.env.CI).not.toBe('true');
    });
    return;
  }

  let agent: JavaSdkAgent;
  beforeAll(() => {
    agent = new JavaSdkAgent();
  }, FIRST_RUN_MS);
  afterAll(() => agent?.stop());

  describeOfficialSdk((endpoint, secret) => agent.connect(endpoint, secret));
});
