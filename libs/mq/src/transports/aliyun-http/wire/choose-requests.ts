import { isDeepStrictEqual } from 'node:util';
import { systemClock } from '../../../core/runtime/system-clock.js';
import type { MqHttpSdk } from '../peers.js';
import type { Credentials } from './credentials.js';
import type { Call, RequestMaker } from './request.js';
import { SdkRequests } from './sdk-requests.js';
import { shapeRequest } from './shape-request.js';
import { signRequest } from './sign-request.js';

/**
 * Our own shaping and signing: 5 µs for a message of 500 bytes, where the SDK takes 48.
 *
 * The date is the machine's, as the SDK's is, and not that of the clock in the options: a broker compares it with the real
 * time, which a clock that a test has set does not tell.
 */
const OWN: RequestMaker = {
  make: (call, credentials) => signRequest(shapeRequest(call), credentials, new Date(systemClock.now()).toUTCString()),
};

const KEYS: Credentials = { accessKeyId: 'id', accessKeySecret: 'secret', securityToken: 'token' };
const SPEC = { topic: 'topic', instanceId: 'instance', groupId: 'group', tags: ['a', 'b c'], ordered: true };
const MESSAGE = {
  topic: 'topic',
  instanceId: null,
  tag: 'tag',
  key: 'key',
  body: '<a>&]]>\r\n€',
  properties: { name: 'value', 1: '2' },
  deliverAt: 1,
  orderingKey: 'order',
};
/** One of each kind, with everything that it can have. */
const SAMPLES: readonly Call[] = [
  { kind: 'publish', message: MESSAGE, instanceId: 'instance' },
  { kind: 'poll', spec: SPEC, max: 16, waitSeconds: 30 },
  { kind: 'acknowledge', spec: SPEC, handles: ['handle-1', 'handle-2'] },
];

/**
 * Who makes the requests: we, unless the SDK that is installed makes others. It is the definition of this wire; one that somebody has
 * patched, or one in a bundle whose version cannot be read, is taken at its word, and costs what it costs.
 */
export async function chooseRequests(sdk: MqHttpSdk, endpoint: string): Promise<RequestMaker> {
  const theirs = new SdkRequests(sdk, endpoint);
  for (const call of SAMPLES) {
    const expected = await theirs.make(call, KEYS);
    const ours = signRequest(shapeRequest(call), KEYS, expected.headers['date'] ?? '');
    if (!isDeepStrictEqual(ours, expected)) return theirs;
  }
  return OWN;
}
