import { once } from 'node:events';
import { createServer as createHttp } from 'node:http';
import type { AddressInfo, Server } from 'node:net';
import { makeSelfSignedCertificate } from '../../../support/rocketmq/self-signed-certificate.mjs';
import type { ScriptedProxy } from '../../../support/rocketmq/scripted-proxy.js';
import { failure, never, outbound, Stage } from '../../../support/transport/rocketmq-stage.js';

const identity = makeSelfSignedCertificate();
const TRUSTED = { tls: { ca: identity.certificate } };

let stage: Stage;
let encrypted: ScriptedProxy;
let web: Server;
beforeEach(async () => {
  stage = await Stage.open();
  encrypted = await stage.another({ tls: identity });
  encrypted.topic('orders');
  web = createHttp((_, response) => response.end('hello')).listen(0, '127.0.0.1');
  await once(web, 'listening');
});
afterEach(async () => {
  await stage.close();
  await new Promise((resolve) => web.close(resolve));
});

const PLACES = {
  encrypted: () => encrypted.endpoint,
  plain: () => stage.proxy.endpoint,
  web: () => `127.0.0.1:${(web.address() as AddressInfo).port}`,
};

it.each<[string, keyof typeof PLACES, object, RegExp]>([
  ['that nobody vouches for', 'encrypted', { tls: true }, /self-signed certificate \(transport\.tls\.ca must hold/],
  [
    'of another authority',
    'encrypted',
    { tls: { ca: makeSelfSignedCertificate().certificate } },
    /self-signed certificate \(transport\.tls\.ca must hold/,
  ],
  ['TLS to a server without', 'plain', TRUSTED, /SSL routines: wrong version number \(.*leave out transport\.tls/],
  ['no TLS to a server with', 'encrypted', {}, /Failed to connect \(.*it may want TLS \(transport\.tls\)/],
  ['neither to something else', 'web', {}, /Protocol error \(.*does not speak gRPC/],
])(
  'a connection, %s: the error says where, why and what to do, and twice the same',
  async (_, place, options, told) => {
    const endpoints = PLACES[place]();
    const transport = stage.transport({ endpoints, ...options });
    const error = await failure(transport.send(outbound(), never));
    expect(error).toMatchObject({ kind: 'unavailable', message: expect.stringMatching(told) as string });
    expect(error.message).toContain(`at ${endpoints}: `);
    expect((await failure(transport.send(outbound(), never))).message).toBe(error.message);
  },
);

it('a certificate of another name says so, and what to do', async () => {
  const named = await stage.another({ tls: identity, host: '127.0.0.2' });
  named.topic('orders');
  const error = await failure(stage.transport({ endpoints: named.endpoint, ...TRUSTED }).send(outbound(), never));
  expect(error.message).toMatch(/does not match certificate.*\(transport\.endpoints must be a name/);
});

it('a certificate that is trusted, or that nobody asks about, is published to', async () => {
  for (const tls of [TRUSTED.tls, { rejectUnauthorized: false }])
    expect(await stage.publish({}, { endpoints: encrypted.endpoint, tls })).toBe('sent');
});
