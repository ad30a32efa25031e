import { describeOfficialSdk } from './support/describe-official-sdk.js';
import { connectNodeSdk } from './support/node-sdk-driver.js';

describe('the official Node SDK', () => describeOfficialSdk(connectNodeSdk));
