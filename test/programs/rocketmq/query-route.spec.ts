import { queryRoute, ROUTE_OK } from '../../support/rocketmq/query-route.mjs';
import { ScriptedProxy } from '../../support/rocketmq/scripted-proxy.js';

it('tells how many queues each broker of a route has, since many at one do not make up for a missing one', async () => {
  const proxy = await ScriptedProxy.start();
  try {
    const { address } = proxy.network;
    proxy.topic('whole', { queues: 2 }, [{ ...address, broker: 'broker-b', queues: 6 }]);
    proxy.topic('half', { queues: 8 });
    expect(await queryRoute(proxy.endpoint, 'whole')).toMatchObject({
      code: ROUTE_OK,
      queues: 8,
      byBroker: { 'broker-a': 2, 'broker-b': 6 },
    });
    expect((await queryRoute(proxy.endpoint, 'half')).byBroker).toEqual({ 'broker-a': 8 });
  } finally {
    await proxy.stop();
  }
});
