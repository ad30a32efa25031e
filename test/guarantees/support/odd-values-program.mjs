// An application whose code throws, returns and answers odd values in every place where this library calls it. Prints a
// line for each place and value once the next ordinary message was handled, and ends with 0 when all were.
import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import { MqConsumer, MqEvents, MqModule, MqProducerService, getMqTransportToken } from 'nestjs-reliable-mq';
import { aliyunHttp } from 'nestjs-reliable-mq/aliyun-http';
import { memoryTransport } from 'nestjs-reliable-mq/testing';
import { ODD_VALUES } from './odd-values.mjs';

/** @typedef {{ send?: (topic: string, payload: unknown) => Promise<unknown>, payload?: unknown }} How */

const { DATABASE_TYPE, DATABASE_URL: url } = /** @type {Record<string, string>} */ (process.env);
const type = DATABASE_TYPE === 'postgres' ? 'postgres' : 'mysql';

const MESSAGE = { instanceId: null, tag: null, key: 'k', properties: {}, deliverAt: null, orderingKey: null };

/**
 * The value of the moment, and the places where it shows.
 *
 * @type {() => unknown}
 */
let odd = () => undefined;
let place = '';
let reached = false;

/**
 * Leaves in the way that the case asks for, if it is this place's turn.
 *
 * @param {string} name
 * @param {() => any} ordinary
 * @returns {any}
 */
const at = (name, ordinary) => {
  const [turn, how] = place.split(' ');
  if (turn !== name) return ordinary();
  reached = true;
  if (how === 'throws') throw odd();
  return how === 'rejects' ? Promise.reject(odd()) : odd();
};

const NEEDS_A_FAILURE = /^(backoff|onAlert) /;
const handlers = ['plain', 'coded'].map((topic) => {
  class Handler {
    /** @param {import('nestjs-reliable-mq').MqMessage<unknown>} message */
    handle(message) {
      if (message.payload === 'ordinary') return undefined;
      if (NEEDS_A_FAILURE.test(place)) throw new Error('so that there is a failure');
      return at('handler', () => undefined);
    }
  }
  MqConsumer(topic, topic)(Handler);
  return Handler;
});

/** @type {import('nestjs-reliable-mq').MqCodec} */
const codec = {
  encode: (payload) => (payload === 'ordinary' ? JSON.stringify(payload) : at('encode', () => JSON.stringify(payload))),
  decode: (body) => (body === '"ordinary"' ? JSON.parse(body) : at('decode', () => JSON.parse(body))),
};
const write = () => at('logger', () => undefined);
/** @param {string} name */
const group = (name) => ({
  groupId: `GID_${name}`,
  identify: (/** @type {{ key: string | null }} */ { key }) => at('identify', () => key ?? undefined),
});

class App {}
Module({
  imports: [
    TypeOrmModule.forRoot({ type, url, autoLoadEntities: true, retryAttempts: 0 }),
    MqModule.forRoot({
      transport: memoryTransport({ profile: 'rich' }),
      topics: { plain: { topic: 'plain' }, coded: { topic: 'coded', codec } },
      groups: { plain: group('plain'), coded: group('coded') },
      consume: { maxAttempts: 2, backoff: (failure) => at('backoff', () => (failure.attempt > 1 ? 'park' : 1)) },
      reproduce: { idle: '100ms' },
      log: { logger: { log: write, warn: write, error: write, debug: write }, produced: true, consumed: true },
      onAlert: () => at('onAlert', () => undefined),
      alertEvery: 0,
      migrate: true,
    }),
  ],
  providers: handlers,
})(App);

const app = await NestFactory.createApplicationContext(App, { logger: ['error'] });
const mq = app.get(MqProducerService);
const events = app.get(MqEvents);
const transport = app.get(getMqTransportToken());
events.onAny(() => at('listener', () => undefined));
/** @type {Map<string, (how: string) => void>} */
const ended = new Map();
for (const name of /** @type {const} */ (['delivery.parked', 'delivery.handled']))
  events.on(name, ({ topic }) => ended.get(topic)?.(name.split('.')[1]));

/**
 * Waits until a message of this topic was handled or parked, and says which.
 *
 * @param {string} topic
 */
const ending = (topic) => new Promise((resolve) => ended.set(topic, resolve));
/**
 * @param {string} topic
 * @param {unknown} payload
 */
const publish = (topic, payload) => mq.publish(topic, { payload }, { transaction: 'own' });
/**
 * One message, and how it ended. Nothing of an earlier one is on its way then.
 *
 * @param {string} topic
 * @param {How} [options]
 */
const one = async (topic, { payload = 'odd', send = publish } = {}) => {
  const end = ending(topic);
  await send(topic, payload);
  return end;
};
/**
 * From another producer: without an id of ours, so that `identify` is asked.
 *
 * @param {string} topic
 */
const foreign = (topic) => transport.send({ ...MESSAGE, topic, body: '"foreign"' }, new AbortController().signal);

/** A policy that fails is replaced by one of many seconds; the broker is told to come at once. */
events.on('delivery.failed', ({ topic }) => {
  if (!place.startsWith('backoff')) return;
  setImmediate(() => {
    const group = transport.broker.group(topic, `GID_${topic}`, null);
    for (const entry of group.pending) group.release(entry, 0);
  });
});

const encoded = () => one('coded').catch(({ code }) => code);
const withCredentials = () =>
  aliyunHttp({ endpoint: 'http://127.0.0.1:9', credentials: () => at('credentials', () => undefined) })
    .send({ ...MESSAGE, topic: 't', body: '1' }, new AbortController().signal)
    .catch(({ kind }) => kind);

/** @type {Record<string, () => Promise<unknown>>} */
const CASES = {
  handler: () => one('plain'),
  encode: encoded,
  decode: () => one('coded'),
  identify: () => one('plain', { send: foreign }),
  backoff: () => one('plain'),
  listener: () => one('plain'),
  logger: () => one('plain'),
  onAlert: () => one('plain'),
  credentials: withCredentials,
};

console.log(JSON.stringify({ odd: Object.keys(ODD_VALUES) }));
process.exitCode = 1;
for (const [name, run] of Object.entries(CASES)) {
  for (const how of ['throws', 'rejects', 'returns']) {
    for (const [value, make] of Object.entries(ODD_VALUES)) {
      odd = make;
      place = `${name} ${how}`;
      reached = false;
      const outcome = await run();
      place = '';
      const after = await Promise.all(['plain', 'coded'].map((topic) => one(topic, { payload: 'ordinary' })));
      console.log(JSON.stringify({ place: `${name} ${how}`, value, outcome, reached, after }));
    }
  }
}
await app.close();
process.exitCode = 0;
