import 'reflect-metadata';
import { constants } from 'node:os';
import { ValidationPipe } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { AppModule } from './app.module.js';
import { EnvironmentError, shopConfig } from './config/shop-config.js';

/**
 * One process of the shop. `MQ_ROLE` decides whether it also consumes and relays; it answers every route in every role, because
 * a process that only consumes has to be asked for its health too, and an order that it takes is as safe as any other.
 */
async function main(): Promise<void> {
  // Before Nest does, which would print a stack, too. What `.env` says is there since AppModule was imported.
  const { PORT, MQ_ROLE } = shopConfig();
  const app = await NestFactory.create(AppModule, {
    logger: ['log', 'warn', 'error', 'fatal'],
    // A busy client on a keep-alive socket would otherwise hold the server open for as long as it goes on asking.
    return503OnClosing: true,
  });
  app.useGlobalPipes(new ValidationPipe({ whitelist: true, transform: true }));
  app.enableShutdownHooks([], { useProcessExit: true });
  exitAtSecondSignal();
  await app.listen(PORT, '127.0.0.1');
  console.log(`shop listening on ${await app.getUrl()} (role ${MQ_ROLE})`);
}

/** The first signal drains and exits with 0, which is up to Nest. Whoever sends another one does not want to wait. */
function exitAtSecondSignal(): void {
  let stopping = false;
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (stopping) process.exit(128 + constants.signals[signal]);
      stopping = true;
    });
  }
}

try {
  await main();
} catch (error) {
  console.error(error instanceof EnvironmentError ? error.message : error);
  process.exit(1);
}
