// The application of the commands at work: makes the tables, publishes what the tests look at, waits until the group has parked
// what it cannot handle, says so, and goes on working until it is stopped.
import { NestFactory } from '@nestjs/core';
import { getMqAdminToken, getMqProducerToken } from 'nestjs-reliable-mq';

const PARKED = 4;
const { default: AppModule } = await import('./application.mjs');
const app = await NestFactory.createApplicationContext(AppModule, { logger: ['warn', 'error'] });
app.enableShutdownHooks();

/** @param {string} connection @param {string} topic @param {object} message */
const publish = (connection, topic, message) =>
  app.get(getMqProducerToken(connection)).publish(topic, message, { transaction: 'own' });
/** @param {string} connection */
const admin = (connection) => app.get(getMqAdminToken(connection));

// What is published to these waits in the outbox.
await admin('default').pause('topic:invoices', { reason: 'for the tests' });
await admin('billing').pause('topic:bills', { reason: 'for the tests' });
await publish('default', 'invoices', { key: 'waits', payload: {} });
await publish('billing', 'bills', { key: 'bill', payload: {} });
for (let n = 1; n <= PARKED; n++)
  await publish('default', 'orders', { key: `A-${n}`, tag: 'created', payload: { park: true, n } });
while ((await admin('default').counts()).parkedDeliveries < PARKED)
  await new Promise((resolve) => setTimeout(resolve, 50));
console.log('parked all');
