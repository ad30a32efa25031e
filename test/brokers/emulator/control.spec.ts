import { request } from 'node:http';
import { startForTest } from './support/emulators.js';
import { codeOf } from '../../support/transport/node-sdk.js';

async function control(endpoint: string, method: string, path: string, body?: unknown) {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const answer = await fetch(`${endpoint}/_emulator/${path}`, { method, body: body === undefined ? undefined : text });
  return { status: answer.status, body: (await answer.json()) as unknown };
}

describe('the control endpoint', () => {
  it('tells the state', async () => {
    const { endpoint, client } = await startForTest();
    await client.getProducer('I', 'orders').publishMessage('m');
    await client.getConsumer('I', 'orders', 'GID_a').consumeMessage(1);
    await codeOf(client.getConsumer('I', 'orders', 'GID_a').consumeMessage(1));
    expect(await control(endpoint, 'GET', 'state')).toEqual({
      status: 200,
      body: {
        instances: {
          I: {
            topics: {
              orders: {
                stored: 1,
                scheduled: 0,
                half: 0,
                groups: { GID_a: { ready: 0, inFlight: 1, acked: 0, dead: 0 } },
              },
            },
          },
        },
        requests: { publish: { '201': 1 }, consume: { '200': 1, '404': 1 } },
      },
    });
  });

  it('replaces, shows and ends faults', async () => {
    const { endpoint, client } = await startForTest();
    const producer = client.getProducer('I', 'orders');
    const list = [{ operation: 'publish', times: 5, effect: 'throttle' }];
    expect(await control(endpoint, 'PUT', 'faults', list)).toEqual({ status: 200, body: [{ ...list[0], struck: 0 }] });
    expect(await codeOf(producer.publishMessage('m'))).toBe('TooManyRequests');
    expect((await control(endpoint, 'GET', 'faults')).body).toEqual([{ ...list[0], struck: 1 }]);
    expect(await control(endpoint, 'DELETE', 'faults')).toEqual({ status: 200, body: [] });
    expect(await codeOf(producer.publishMessage('m'))).toBe('no error');
  });

  it.each<[unknown, RegExp]>([
    ['not json', /JSON/],
    [{}, /must be a list/],
    [[1], /^\[0\] must be an object$/],
    [[{ effect: 'explode' }], /^\[0\]\.effect must be/],
    [[{}], /^\[0\]\.effect must be/],
    [[{ effect: { delay: 'soon' } }], /^\[0\]\.effect\.delay: "soon" is not a duration/],
    [[{ effect: { status: 99 } }], /^\[0\]\.effect\.status/],
    [[{ effect: { status: 200, body: 1 } }], /^\[0\]\.effect\.body/],
    [[{ effect: { status: 200, headers: { a: 'b\r\nc: d' } } }], /^\[0\]\.effect\.headers/],
    [[{ effect: 'hang', operation: 'send' }], /^\[0\]\.operation must be one of publish, consume/],
    [[{ effect: 'hang', probability: 2 }], /^\[0\]\.probability/],
    [[{ effect: 'hang', times: 0 }], /^\[0\]\.times/],
    [[{ effect: 'hang', times: 1, probability: 1 }], /^\[0\] has both/],
    [[{ effect: 'hang', toopic: 'x' }], /^\[0\]\.toopic is unknown/],
    [[{ effect: 'drop-ack', operation: 'publish' }], /does nothing to publish/],
    [[{ effect: 'hang' }, { effect: 'hung', times: 0 }], /^\[1\]\.times .*; \[1\]\.effect /],
  ])('refuses the faults %j', async (faults, message) => {
    const { endpoint, client } = await startForTest();
    const { status, body } = await control(endpoint, 'PUT', 'faults', faults);
    expect(status).toBe(400);
    expect((body as { error: string }).error).toMatch(message);
    expect(await codeOf(client.getProducer('I', 'orders').publishMessage('m'))).toBe('no error');
  });

  it('says what there is', async () => {
    const { endpoint } = await startForTest();
    const { status, body } = await control(endpoint, 'GET', 'nothing');
    expect(status).toBe(404);
    expect((body as { error: string }).error).toContain('PUT faults');
  });

  it('answers nobody who took its address for another name', async () => {
    const { endpoint } = await startForTest();
    const status = await new Promise((resolve, reject) => {
      const headers = { host: 'evil.example' };
      request(`${endpoint}/_emulator/state`, { headers }, (answer) => resolve(answer.resume().statusCode))
        .on('error', reject)
        .end();
    });
    expect(status).toBe(403);
  });
});
