import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { jsonCodec } from '../../core/message/json-codec.js';
import type { CliContext } from '../cli-context.js';
import type { Values } from '../values.js';
import { sendCommand } from './send.command.js';

describe('mq send', () => {
  let folder: string;
  beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'mq-send-'))));
  afterAll(() => rmSync(folder, { recursive: true }));

  /** What is handed to the publisher for a command line. */
  async function published(values: Values, stdin = ''): Promise<unknown[]> {
    const calls: unknown[] = [];
    const publish = (...call: unknown[]) => {
      calls.push(call);
      return Promise.resolve({ messages: [{ id: 'm-1' }] });
    };
    const connectionOf = (connection: string, topic: string) => ({
      connection,
      runtime: { options: { topics: new Map([[topic, { alias: topic, codec: jsonCodec }]]) }, publisher: { publish } },
    });
    const context = {
      json: false,
      stdin: Readable.from([stdin]),
      out: { text: () => undefined },
      open: () => Promise.resolve([connectionOf('default', 'orders'), connectionOf('billing', 'bills')]),
    } as unknown as CliContext;
    await sendCommand.run!(context, values);
    return calls;
  }

  it('reads the payload from stdin, from a file or from the command line, and hands on the rest', async () => {
    const file = join(folder, 'order.json');
    writeFileSync(file, '{"n":2}');
    const own = { transaction: 'own' };
    expect(await published({ topic: 'orders', source: '-', delay: 600_000 }, '{"n":1}')).toEqual([
      ['orders', { payload: { n: 1 }, delay: 600_000 }, own],
    ]);
    expect(await published({ topic: 'bills', file, tag: 'due', key: 'B-1' })).toEqual([
      ['bills', { payload: { n: 2 }, tag: 'due', key: 'B-1' }, own],
    ]);
    expect(await published({ topic: 'orders', data: '3' })).toEqual([['orders', { payload: 3 }, own]]);
  });

  it.each<[string, Values, RegExp]>([
    ['two payloads', { topic: 'orders', source: '-', data: '1' }, /needs one payload/],
    ['a source that is no -', { topic: 'orders', source: '{"n":1}' }, /takes a topic and -, not/],
    ['a file that is not there', { topic: 'orders', file: '/nowhere.json' }, /--file \/nowhere.json cannot be read/],
    [
      'what the codec cannot read',
      { topic: 'orders', data: 'so' },
      /the codec of topic orders cannot read the payload/,
    ],
    ['a topic that is misspelt', { topic: 'oders', data: '1' }, /no topic "oders". The nearest is: orders/],
    ['a topic like no other', { topic: 'mail', data: '1' }, /no topic "mail". Known: orders, bills/],
  ])('refuses %s', async (_what, values, message) => {
    await expect(published(values)).rejects.toThrow(message);
  });
});
