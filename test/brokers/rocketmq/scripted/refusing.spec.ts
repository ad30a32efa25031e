import { ManualClock } from 'nestjs-reliable-mq/testing';
import { status } from '../../../support/rocketmq/scripted-proxy-answers.js';
import { failure, never, outbound, outcome, Stage } from '../../../support/transport/rocketmq-stage.js';

let stage: Stage;
beforeEach(async () => (stage = await Stage.open()));
afterEach(() => stage.close());

describe('a message', () => {
  it('passes by a broker that refuses, and only one message in ten seconds tries it again', async () => {
    const second = await stage.secondBroker({ queues: 1 });
    const clock = new ManualClock(Date.now());
    const transport = stage.transport({ clock });
    const full = { status: status('INTERNAL_SERVER_ERROR', "service not available now. the broker's disk is full") };
    second.script.sendMessage = () => full;
    const round = async (): Promise<string[]> => {
      const sends = Array.from({ length: 8 }, () => outcome(transport.send(outbound(), never), () => 'sent'));
      return (await Promise.all(sends)).filter((each) => each !== 'sent');
    };
    await outcome(transport.send(outbound(), never), () => 'sent');
    await outcome(transport.send(outbound(), never), () => 'sent');
    for (let i = 0; i < 3; i += 1) {
      expect(await round()).toEqual([]);
      await clock.advance(10_001);
      expect(await round()).toEqual(['unavailable']);
    }
    second.script.sendMessage = (request) => second.store.send(request);
    await clock.advance(10_001);
    await round();
    const taken = (): number =>
      second
        .seen('sendMessage')
        .reduce((sum, { request }) => sum + (request as { messages: unknown[] }).messages.length, 0);
    const before = taken();
    expect(await round()).toEqual([]);
    expect(taken()).toBe(before + 4);
  });

  it('is told with the broker that took it or failed, or with the server that stands for several', async () => {
    await stage.secondBroker({ queues: 1 });
    const transport = stage.transport();
    const takenBy = async (): Promise<unknown[]> => {
      const receipts = [await transport.send(outbound(), never), await transport.send(outbound(), never)];
      return receipts.map(({ broker }) => broker);
    };
    expect(await takenBy()).toEqual(['broker-a', 'broker-b']);
    stage.proxy.topic('shared', { queues: 1 }, [{ ...stage.proxy.network.address, broker: 'broker-b', queues: 1 }]);
    const shared = await transport.send(outbound({ topic: 'shared' }), never);
    expect(shared.broker).toBe(stage.proxy.endpoint);
    stage.proxy.script.sendMessage = () => ({ status: status('INTERNAL_SERVER_ERROR'), entries: [] });
    const error = await failure(transport.send(outbound({ topic: 'shared' }), never));
    expect(error.broker).toBe(stage.proxy.endpoint);
  });
});
