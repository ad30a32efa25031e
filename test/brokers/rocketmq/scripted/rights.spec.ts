import type { TelemetryCommand } from '../../../support/rocketmq/protocol.js';
import { OK, status } from '../../../support/rocketmq/scripted-proxy-answers.js';
import {
  CREDENTIALS,
  never,
  outbound,
  outcome,
  poll,
  Stage,
  subscription,
} from '../../../support/transport/rocketmq-stage.js';

let stage: Stage;
beforeEach(async () => (stage = await Stage.open()));
afterEach(() => stage.close());

describe('rights', () => {
  const noRight = (what: string) =>
    status('UNAUTHORIZED', `User:app has no permission to access ${what} from 10.0.0.1, current action is PUB.`);
  const kindsOf = (calls: readonly Promise<unknown>[]) => Promise.all(calls.map((call) => outcome(call, () => 'ok')));
  const namesIn = ({ settings }: TelemetryCommand) => [
    ...(settings?.publishing?.topics ?? []).map(({ name }) => name),
    ...(settings?.subscription?.subscriptions ?? []).map(({ topic }) => topic?.name),
  ];

  it.each([
    ['Topic:secret', 'forbidden'],
    ['Group:GID_stock', 'forbidden'],
  ])('that are missing to %s are told as such', async (what, kind) => {
    stage.proxy.script.sendMessage = () => ({ status: noRight(what), entries: [] });
    stage.proxy.script.receiveMessage = async function* () {
      yield { status: noRight(what) };
    };
    const transport = stage.transport({ credentials: CREDENTIALS });
    expect(await kindsOf([transport.send(outbound(), never), poll(transport.subscribe(subscription()))])).toEqual([
      kind,
      kind,
    ]);
  });

  it.each(['check signature failed.', 'User:nobody is not found.'])('are no matter of "%s"', async (message) => {
    stage.proxy.script.sendMessage = () => ({ status: status('UNAUTHORIZED', message), entries: [] });
    expect(await stage.publish()).toBe('auth');
  });

  it('to one topic are no condition for the others, although a session is refused as a whole', async () => {
    stage.proxy.topic('secret');
    stage.proxy.topic('plain');
    stage.proxy.script.telemetry = (command, stream) => {
      if (!command.settings) return;
      if (namesIn(command).includes('secret')) stream.write({ status: noRight('Topic:secret') });
      else stream.write({ status: OK, settings: command.settings });
    };
    stage.proxy.script.sendMessage = (request) =>
      request.messages?.[0]?.topic?.name === 'secret'
        ? { status: noRight('Topic:secret'), entries: [] }
        : stage.proxy.store.send(request);
    stage.proxy.script.receiveMessage = async function* (request, signal) {
      if (request.messageQueue?.topic?.name === 'secret') yield { status: noRight('Topic:secret') };
      else yield* stage.proxy.store.receive(request, signal);
    };
    const transport = stage.transport({ credentials: CREDENTIALS });
    const publish = (topic: string) => transport.send(outbound({ topic }), never);
    expect(await kindsOf([publish('orders')])).toEqual(['ok']);
    const both = ['secret', 'orders', 'plain', 'secret', 'orders'];
    for (let round = 0; round < 3; round += 1)
      expect(await kindsOf(both.map(publish))).toEqual(['forbidden', 'ok', 'ok', 'forbidden', 'ok']);

    const sources = ['orders', 'secret', 'plain'].map((topic) => transport.subscribe(subscription({ topic })));
    for (let round = 0; round < 2; round += 1)
      expect(await kindsOf(sources.map((source) => poll(source)))).toEqual(['ok', 'forbidden', 'ok']);
    // The right is granted: nobody has to restart anything.
    stage.proxy.script.telemetry = ({ settings }, stream) => stream.write({ status: OK, settings });
    stage.proxy.script.sendMessage = (request) => stage.proxy.store.send(request);
    stage.proxy.script.receiveMessage = (request, signal) => stage.proxy.store.receive(request, signal);
    expect(await kindsOf([publish('secret'), poll(sources[1]!)])).toEqual(['ok', 'ok']);
  });
});
