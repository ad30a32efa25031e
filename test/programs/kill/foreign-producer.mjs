import { aliyunHttp } from 'nestjs-reliable-mq/aliyun-http';
import { rocketmq } from 'nestjs-reliable-mq/rocketmq';

/** @typedef {import('nestjs-reliable-mq').MqTransport} MqTransport */
/**
 * @typedef {object} Kind
 * @property {string} verdict
 * @property {(n: number) => string | Buffer} body
 * @property {Record<string, string> | ((n: number) => Record<string, string>)} [properties]
 * @property {boolean} [binary]
 */

const PAUSE_MS = 250;
/** What its messages have as keys: nothing of the system under test begins like this. */
export const FOREIGN = 'foreign-';

/** @type {Record<string, (endpoint: string) => MqTransport>} */
const TRANSPORTS = {
  'aliyun-http': (endpoint) =>
    aliyunHttp({ endpoint: `http://${endpoint}`, accessKeyId: 'test', accessKeySecret: 'test' }),
  rocketmq: (endpoint) => rocketmq({ endpoints: endpoint, requestTimeout: '4s' }),
};

/**
 * What somebody else's program might send: the body, and the properties that ours reads.
 *
 * @type {Kind[]}
 */
const KINDS = [
  { verdict: 'handled', body: (n) => `{"n":${n}}` },
  { verdict: 'handled', body: (n) => `{"n":${n},"__proto__":{"n":-1}}` },
  { verdict: 'handled', body: (n) => `{"n":${n}}`, properties: { 'mq-headers': 'no base64, no JSON' } },
  // An id with a control character, and one that is longer than the column.
  { verdict: 'handled', body: (n) => `{"n":${n}}`, properties: (n) => ({ 'mq-id': `${FOREIGN}\u007f${n}` }) },
  {
    verdict: 'handled',
    body: (n) => `{"n":${n}}`,
    properties: (n) => ({ 'mq-id': `${FOREIGN}${n}-`.padEnd(300, 'x') }),
  },
  { verdict: 'parked', body: (n) => `no JSON at all ${n}` },
  { verdict: 'parked', body: (n) => `{"n":${n}` },
  { verdict: 'parked', body: () => '\ud83d\ude00 <&>"\u0001\u0000' },
  { verdict: 'parked', body: () => Buffer.from('ffd8ffe0004a464946', 'hex'), binary: true },
  { verdict: 'skipped', body: (n) => `{"n":${n}}`, properties: { 'mq-group': 'GID_somebody_else' } },
];

/**
 * Some wires carry text only.
 *
 * @param {MqTransport} transport
 */
function takesBytes(transport) {
  const plain = { topic: 'kill_plain', instanceId: null, tag: null, key: 'k', properties: {}, deliverAt: null };
  return transport.validateMessage({ ...plain, orderingKey: null, body: Buffer.of(0xff) }).length === 0;
}

/**
 * Sends messages of every odd kind to a topic that the application reads, past its outbox, as other programs do, until it is
 * stopped. Those that the broker has confirmed must end as their kind says, whoever dies meanwhile.
 *
 * @param {string} transportName
 * @param {{ endpoint: string }} options
 */
export async function startForeignProducer(transportName, { endpoint }) {
  const transport = TRANSPORTS[transportName](endpoint);
  await transport.connect?.();
  const kinds = KINDS.filter(({ binary }) => !binary || takesBytes(transport));
  const stop = new AbortController();
  /**
   * Key of each confirmed message, and what must become of it.
   *
   * @type {Map<string, string>}
   */
  const confirmed = new Map();
  /** @type {Map<string, number>} */
  const refused = new Map();

  const loop = (async () => {
    for (let n = 0; !stop.signal.aborted; n++) {
      const { verdict, body, properties = {} } = kinds[n % kinds.length];
      const key = `${FOREIGN}${n}`;
      try {
        await transport.send(
          {
            topic: 'kill_plain',
            instanceId: null,
            tag: null,
            key,
            body: body(n),
            properties: typeof properties === 'function' ? properties(n) : properties,
            deliverAt: null,
            orderingKey: null,
          },
          AbortSignal.timeout(5_000),
        );
        confirmed.set(key, verdict);
      } catch (error) {
        // The broker dies, too. What it did not confirm may be there or not, and nobody asks.
        refused.set(error.message, (refused.get(error.message) ?? 0) + 1);
      }
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  })();

  return {
    confirmed,
    /** Reasons of those that the broker did not take, with how often. */
    refused,
    async stop() {
      stop.abort();
      await loop;
      await transport.close?.();
    },
  };
}
