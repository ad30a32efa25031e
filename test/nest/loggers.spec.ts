import 'reflect-metadata';
import { Writable } from 'node:stream';
import { ConsoleLogger, Logger } from '@nestjs/common';
import { WinstonModule } from 'nest-winston';
import { ConsoleLogger as ConsoleLogger11 } from 'nest-common-11';
import { Logger as PinoNestLogger, PinoLogger } from 'nestjs-pino';
import { MqConsumer, MqProducerService, type MqLogger } from 'nestjs-reliable-mq';
import { aliyunHttp } from 'nestjs-reliable-mq/aliyun-http';
import { memoryTransport } from 'nestjs-reliable-mq/testing';
import { format, transports } from 'winston';
import { eventually } from '../support/eventually.js';
import { bootMq, mqDatabase } from '../support/mq-app.js';

@MqConsumer('orders', 'stock')
class Failing {
  handle(): never {
    throw new TypeError('no such sku');
  }
}

const db = mqDatabase();

/** What a logger has written, in pieces as they came. */
class Sink extends Writable {
  readonly pieces: string[] = [];

  override _write(chunk: Buffer, _: string, done: () => void): void {
    this.pieces.push(String(chunk));
    done();
  }
}

/** Boots with the logger as Nest's own, as `app.useLogger()` does, and lets a message fail and be parked. Answers what was written of it. */
async function written(logger: MqLogger, pieces: readonly string[]): Promise<{ failed: string; parked: string }> {
  Logger.overrideLogger(logger as never);
  const app = await bootMq(
    db,
    {
      transport: memoryTransport({ profile: 'rich' }),
      topics: { orders: { topic: 'shop_orders' } },
      groups: { stock: { groupId: 'GID_stock', maxAttempts: 2, backoff: { base: 1, cap: 1 } } },
    },
    { providers: [Failing] },
  );
  Logger.overrideLogger(logger as never);
  await app.get(MqProducerService).publish('orders', { payload: 1 }, { transaction: 'own' });
  const find = (text: string): string | undefined => pieces.find((piece) => piece.includes(text));
  const parked = await eventually(() => find('was parked in attempt 2'), { what: 'the line of a parked message' });
  return { failed: find('failed (attempt 1)')!, parked };
}

/** Nest writes to the streams of the process. */
function console(options: object, Class: typeof ConsoleLogger = ConsoleLogger): { logger: MqLogger; pieces: string[] } {
  const pieces: string[] = [];
  for (const stream of [process.stdout, process.stderr])
    jest.spyOn(stream, 'write').mockImplementation((chunk) => pieces.push(String(chunk)) > 0);
  return { logger: new Class({ colors: false, ...options }), pieces };
}

afterEach(() => {
  jest.restoreAllMocks();
  Logger.overrideLogger(false);
});

const FIELDS = { event: 'delivery.failed', topic: 'orders', group: 'stock', attempt: 1, code: 'MQ_HANDLER_FAILED' };
const OF_THE_ERROR = {
  errorClass: 'TypeError',
  messageId: expect.stringMatching(/^[0-9a-f-]{36}$/),
  stack: expect.stringMatching(/^TypeError: no such sku\n    at Failing\.handle .*loggers\.spec/),
};
const SENTENCE = expect.stringMatching(
  /^orders\/stock#\S+ failed \(attempt 1\), again in \d ms: TypeError: no such sku$/,
);

describe.each([
  ['12', ConsoleLogger],
  ['11', ConsoleLogger11 as unknown as typeof ConsoleLogger],
])("Nest %s's ConsoleLogger", (_, Class) => {
  it('prints the sentence as text, and the frames under it', async () => {
    const { logger, pieces } = console({}, Class);
    const { failed, parked } = await written(logger, pieces);
    expect(failed).toMatch(
      /^\[Nest\].* WARN \[Mq\] orders\/stock#\S+ failed \(attempt 1\), again in \d ms: TypeError: no such sku\n    at Failing\.handle .*\n/,
    );
    expect(parked).toMatch(
      /^\[Nest\].* ERROR \[Mq\] orders\/stock#\S+ was parked in attempt 2: .*\n    at Failing\.handle .*\n/,
    );
  });

  it('prints the fields as JSON', async () => {
    const { logger, pieces } = console({ json: true }, Class);
    const { failed, parked } = await written(logger, pieces);
    expect(JSON.parse(failed)).toMatchObject({
      level: 'warn',
      context: 'Mq',
      message: { message: SENTENCE, ...FIELDS, ...OF_THE_ERROR },
    });
    expect(JSON.parse(parked)).toMatchObject({ level: 'error', message: { event: 'delivery.parked', attempt: 2 } });
  });
});

it('nestjs-pino prints the fields, and the sentence as its message', async () => {
  const sink = new Sink();
  const logger = new PinoNestLogger(new PinoLogger({ pinoHttp: [{ level: 'trace' }, sink] }), {});
  const { failed, parked } = await written(logger, sink.pieces);
  expect(JSON.parse(failed)).toMatchObject({ level: 40, context: 'Mq', msg: SENTENCE, ...FIELDS, ...OF_THE_ERROR });
  expect(JSON.parse(failed)).not.toHaveProperty('message');
  expect(JSON.parse(parked)).toMatchObject({ level: 50, event: 'delivery.parked', attempt: 2 });
});

it('winston prints the fields, and the sentence as its message', async () => {
  const sink = new Sink();
  const transport = new transports.Stream({ stream: sink, format: format.json() });
  const logger = WinstonModule.createLogger({ level: 'silly', transports: [transport] });
  const { failed, parked } = await written(logger, sink.pieces);
  expect(JSON.parse(failed)).toMatchObject({
    level: 'warn',
    context: 'Mq',
    message: SENTENCE,
    ...FIELDS,
    ...OF_THE_ERROR,
  });
  expect(JSON.parse(parked)).toMatchObject({ level: 'error', event: 'delivery.parked', attempt: 2 });
});

it('a logger that can only take texts gets texts, and loses none', async () => {
  const pieces: string[] = [];
  const note = (line: unknown): void => void pieces.push((line as string).trimEnd());
  const { failed } = await written({ log: note, warn: note, error: note, debug: note }, pieces);
  expect(failed).toEqual(SENTENCE);
});

it('a logger that makes a text of what it gets prints the sentence', async () => {
  const pieces: string[] = [];
  const note = (line: unknown): void => void pieces.push(`> ${String(line)}`);
  const { failed } = await written({ log: note, warn: note, error: note }, pieces);
  expect(failed.slice(2)).toEqual(SENTENCE);
});

it('boot says in one line who this is, without credentials', async () => {
  const lines: string[] = [];
  const note = (line: unknown): void => void lines.push(String(line));
  await bootMq(
    db,
    {
      transport: aliyunHttp({ endpoint: 'http://127.0.0.1:1', accessKeyId: 'LTAI-id', accessKeySecret: 'secret' }),
      topics: { orders: { topic: 'shop_orders' } },
      role: 'api',
      log: { logger: { log: note, warn: note, error: note } },
    },
    {},
  );
  expect(lines[0]).toMatch(
    /^connection 'default' publishes: aliyun-http at 127\.0\.0\.1:1, tables mq_\* in \w+, 1 topic, 0 groups$/,
  );
  expect(lines.join('\n')).not.toMatch(/LTAI-id|secret/);
});
