import 'reflect-metadata';
import type { MqMessage } from 'nestjs-reliable-mq';
import { rocketmq } from 'nestjs-reliable-mq/rocketmq';
import { consumer } from '../../../support/node/consumer.js';
import { bootNode, type Node, OWN } from '../../../support/node/node.js';
import { describeDatabases } from '../../../support/database.js';
import { eventually } from '../../../support/eventually.js';
import { closeAfterEach } from '../../../support/mq-app.js';
import { describeRocketmq, useRocketmq } from '../../../support/rocketmq/use-rocketmq.js';
import { found, never, outbound, outcome, subscription } from '../../../support/transport/rocketmq-stage.js';

jest.setTimeout(120_000);
/** Names that the broker keeps for itself, ours, those of objects, and what a list with separators would break at. */
const ODD = [
  ['TAGS', 'KEYS', '__SHARDINGKEY', 'UNIQ_KEY', 'DELAY', 'PGROUP', 'TTL', 'TRACE_CONTEXT'],
  ['mq-id', 'mq-topic', 'mq-headers', 'mq-group', '__proto__', 'constructor', 'toJSON'],
  [' with  blanks ', 'a=b', 'a:b|c', 'ключ 名前 😀', '</Message>', ']]>', ''],
  ['\u0000', '\u0001', '\u0002', '\n', '\u0085', '\ud800', '\ufffe'],
].flat();
/** For keys and tags, which travel as they are. */
const TEXTS = ['a b', 'a  b', 'a=b&&c', 'ключ 名前 😀', 'a:b', '-', "'; --"];
class Tenant {
  get tenant(): string {
    return 'north';
  }
}
const NO_HEADERS: [string, unknown][] = [
  ['a Map', new Map([['tenant', 'north']])],
  ['Headers of fetch', new Headers({ tenant: 'north' })],
  ['a list', ['north']],
  ['a text', 'north'],
  ['a number', 5],
  ['null', null],
  ['what a class answers by getters', new Tenant()],
  ['what is inherited', Object.create({ tenant: 'north' })],
];

describeRocketmq('what is odd', () => {
  const broker = useRocketmq();

  describeDatabases(
    'in a message that is published',
    (db) => {
      closeAfterEach();
      const arrived: MqMessage[] = [];
      beforeEach(() => void arrived.splice(0));

      async function boot(ordered = false): Promise<Node> {
        const topic = await broker.topic(ordered ? 'FIFO' : 'NORMAL');
        return bootNode(db, {
          transport: rocketmq({ endpoints: broker.endpoint }),
          topics: { orders: { topic, ordered } },
          groups: { stock: { groupId: await broker.group({ ordered }) } },
          handlers: [consumer('orders', 'stock', (message) => void arrived.push(message))],
        });
      }

      /** By payload, which says where in `given` each was; what comes twice comes twice alike. */
      async function roundTrip(node: Node, given: readonly object[]): Promise<MqMessage[]> {
        await node.mq.publish(
          'orders',
          given.map((fields, payload) => ({ payload, ...fields })),
          OWN,
        );
        const payloads = () => new Set(arrived.map(({ payload }) => payload));
        await eventually(() => payloads().size === given.length, { timeoutMs: 60_000, what: 'all handled' });
        return given.map((_, index) => arrived.find(({ payload }) => payload === index)!);
      }

      it('comes back exactly: names and values of headers', async () => {
        const given = ODD.map((name) => Object.fromEntries([[name, `value of ${name}`]]));
        for (const value of ODD) given.push({ name: value });
        given.push({ long: 'x'.repeat(11_000) }, Object.fromEntries(ODD.map((name) => [name, name])));
        const messages = await roundTrip(
          await boot(),
          given.map((headers) => ({ headers })),
        );
        expect(messages.map(({ headers }) => Object.entries(headers))).toEqual(
          given.map((each) => Object.entries(each)),
        );
      });

      it('comes back exactly: keys, tags and ordering keys', async () => {
        const fields = TEXTS.map((text) => ({ key: text, tag: text, orderingKey: text }));
        expect(await roundTrip(await boot(true), fields)).toMatchObject(fields);
      });

      it.each(NO_HEADERS)('is refused instead of being sent without its headers: %s', async (_, headers) => {
        const node = await bootNode(db, { transport: rocketmq({ endpoints: broker.endpoint }) });
        const refused = node.mq.publish('orders', { payload: 1, headers: headers as never }, OWN);
        await expect(refused).rejects.toMatchObject({
          code: 'MQ_MESSAGE_INVALID',
          message: expect.stringContaining('headers must be a plain object of texts') as string,
        });
      });
    },
    ['PostgreSQL'],
  );

  it('among properties is refused where it means something to the broker, and comes back exactly otherwise', async () => {
    const transport = rocketmq({ endpoints: broker.endpoint });
    try {
      const topic = await broker.topic();
      const names = ['TAGS', '__SHARDINGKEY', 'DELAY', 'TTL', 'INNER_NUM', '__CRC32#', 'a\u0001', '\u0002', ''];
      for (const name of names) {
        const sent = transport.send(outbound({ topic, properties: { [name]: 'v' } }), never);
        expect([name, await outcome(sent, () => 'sent')]).toEqual([name, 'invalid']);
      }
      const properties = {
        'a b': ' v ',
        'a=b': 'c=d',
        'ключ 😀': '名前',
        TRACE_CONTEXT: 'v',
        long: 'x'.repeat(16_000),
      };
      const source = transport.subscribe(subscription({ topic, groupId: await broker.group() }));
      // The field of the protocol for traces: of a context that is one, the property is told as well, and of no other text.
      const TRACE_CONTEXT = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
      for (const [given, told] of [
        [properties, properties],
        [{ TRACE_CONTEXT }, { TRACE_CONTEXT, traceparent: TRACE_CONTEXT }],
        [
          { TRACE_CONTEXT, traceparent: 'its own' },
          { TRACE_CONTEXT, traceparent: 'its own' },
        ],
      ] as const) {
        await transport.send(outbound({ topic, properties: given }), never);
        const [delivery] = await found(source);
        expect(delivery!.message.properties).toEqual(told);
        await source.ack([delivery!], never);
      }
      await source.close();
    } finally {
      await transport.close();
    }
  });
});
