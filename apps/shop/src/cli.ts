import 'reflect-metadata';
import { runMqCli } from 'nestjs-reliable-mq/cli';
import { AppModule } from './app.module.js';

/** The commands of the library on the shop: `node dist/apps/shop/cli.js status`. It needs the variables that the shop needs. */
await runMqCli(AppModule);
