import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import type { ResolvedTopic } from '../../core/config/resolved-options.js';
import { describeError } from '../../core/errors/describe-error.js';
import type { NewMessage } from '../../core/message/new-message.js';
import { PUBLISH } from '../boot/boot-modes.js';
import type { Connection } from '../boot/connections.js';
import type { CliContext } from '../cli-context.js';
import type { Command } from '../command.js';
import { EXIT } from '../exit-codes.js';
import { UsageError } from '../usage-error.js';
import { duration, type Values } from '../values.js';

export const sendCommand: Command = {
  name: 'send',
  summary: 'publishes one message, in a transaction of its own',
  description:
    'The message goes through the outbox, as every other. The payload is what the codec of the topic reads: JSON, or the text itself.',
  arguments: [
    { name: '<topic>', description: 'alias of the topic' },
    { name: '[source]', description: '- reads the payload from stdin' },
  ],
  options: [
    { flags: '--data <text>', description: 'the payload' },
    { flags: '--file <path>', description: 'a file with the payload' },
    { flags: '--tag <tag>', description: 'what consumers filter by' },
    { flags: '--key <key>', description: 'what people look it up by; its id unless given' },
    { flags: '--ordering-key <key>', description: 'what it belongs to, on an ordered topic' },
    { flags: '--correlation-id <id>', description: 'the chain that it belongs to; its id unless given' },
    { flags: '--delay <duration>', description: 'how long after now the broker shall deliver it', parse: duration },
    {
      flags: '--wait [duration]',
      description: 'wait until the broker has it (30s unless given); exit code 2 if it has not',
      parse: duration,
      preset: '30s',
    },
  ],
  examples: [
    `mq send orders --tag created --key A-1 --data '{"id":"A-1"}' --wait`,
    'cat order.json | mq send orders - --delay 10m',
  ],
  stopsOnSignal: true,
  run: async (context, values) => {
    const alias = values['topic'] as string;
    const payload = await readPayload(context, values);
    const { connection, runtime } = connectionOf(await context.open(PUBLISH), alias);
    const message: NewMessage = { payload: decode(runtime.options.topics.get(alias)!, payload) };
    for (const field of ['tag', 'key', 'orderingKey', 'correlationId', 'delay'] as const) {
      if (values[field] !== undefined) Object.assign(message, { [field]: values[field] });
    }
    const publication = await runtime.publisher.publish(alias, message, { transaction: 'own' });
    const [published] = publication.messages;
    const timeout = values['wait'] as number | undefined;
    const outcome =
      timeout === undefined
        ? { status: 'published' as const }
        : (await publication.sent({ timeout, signal: context.signal }))[0]!;
    const problem = 'error' in outcome ? outcome.error : undefined;
    const told = {
      connection,
      ...published!,
      status: outcome.status,
      brokerMessageId: 'brokerMessageId' in outcome ? outcome.brokerMessageId : null,
      error: problem ? { code: problem.code, message: problem.message } : null,
    };
    if (context.json) context.out.json(told);
    else context.out.text(`${told.id} ${told.status}${problem ? ` (${problem.code}: ${problem.message})` : ''}`);
    return outcome.status === 'published' || outcome.status === 'sent' ? EXIT.ok : EXIT.checkFailed;
  },
};

async function readPayload({ stdin }: CliContext, values: Values): Promise<string> {
  const source = values['source'] as string | undefined;
  if (source !== undefined && source !== '-') throw new UsageError(`send takes a topic and -, not "${source}"`);
  const given = [values['data'], values['file'], source].filter((value) => value !== undefined);
  if (given.length !== 1) throw new UsageError('send needs one payload: --data TEXT, --file PATH, or - for stdin');
  if (values['data'] !== undefined) return values['data'] as string;
  if (source === '-') return text(stdin);
  const path = values['file'] as string;
  return readFile(path, 'utf8').catch((error: unknown) => {
    throw new UsageError(`--file ${path} cannot be read: ${describeError(error).message}`);
  });
}

/** @throws {UsageError} when no connection has such a topic, or several do */
function connectionOf(connections: readonly Connection[], alias: string): Connection {
  const having = connections.filter(({ runtime }) => runtime.options.topics.has(alias));
  if (having.length === 0) {
    const known = connections.flatMap(({ runtime }) => [...runtime.options.topics.keys()]);
    throw UsageError.unknown('topic', alias, known);
  }
  if (having.length > 1) {
    const names = having.map(({ connection }) => connection).join(', ');
    throw new UsageError(`several connections have a topic "${alias}": say which, --connection ${names}`);
  }
  return having[0]!;
}

/** What is typed is what consumers will read. */
function decode({ alias, codec }: ResolvedTopic, payload: string): unknown {
  try {
    return codec.decode(payload);
  } catch (error) {
    throw new UsageError(
      `the codec of topic ${alias} cannot read the payload: ${describeError(error).message}. In JSON, a text is written '"so"'`,
    );
  }
}
