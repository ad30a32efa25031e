import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { MqError } from '../../core/errors/mq-error.js';
import { type BootMode, withBootMode } from '../../nest/boot-mode.js';
import { type MqCliApp, rootModuleOf } from './app-source.js';
import { CommandLogger } from './command-logger.js';
import { type Connection, connectionsOf } from './connections.js';
import { type DatabaseNeed, DataSources } from './data-sources.js';

/** The application of one command, booted when that asks for it: as a context, so without an HTTP server. */
export class BootedApplication {
  private booting: Promise<INestApplicationContext> | null = null;
  private closing: Promise<void> | null = null;
  private dataSources = new DataSources('needed');

  constructor(
    private readonly findApp: () => Promise<MqCliApp>,
    /** Name of the one connection that is wanted. */
    private readonly only: string | undefined,
  ) {}

  async open(mode: BootMode, databases: DatabaseNeed): Promise<readonly Connection[]> {
    const app = await (this.booting ??= this.boot(mode, databases));
    return connectionsOf(app, this.only).map((connection) => {
      const databaseProblem = this.dataSources.problemOf(connection.runtime.dataSource);
      return databaseProblem === undefined ? connection : { ...connection, databaseProblem };
    });
  }

  close(): Promise<void> {
    return (this.closing ??= this.end());
  }

  /** @throws {MqError} `MQ_DATABASE_UNAVAILABLE`; whatever else keeps the application from booting */
  private async boot(mode: BootMode, databases: DatabaseNeed): Promise<INestApplicationContext> {
    const module = await rootModuleOf(await this.findApp());
    const logger = new CommandLogger(mode.relay || mode.worker);
    const booting = { ...mode, only: this.only };
    const dataSources = (this.dataSources = new DataSources(databases));
    const create = () => NestFactory.createApplicationContext(module, { logger, abortOnError: false });
    try {
      return await dataSources.during(() => withBootMode(booting, create));
    } catch (error) {
      const { problem } = dataSources;
      if (problem === undefined) throw error;
      throw new MqError(
        'MQ_DATABASE_UNAVAILABLE',
        `the database gives no connection, so the application does not boot: ${problem}. Start it, or correct host, port, user and password of the data source.`,
        { cause: error },
      );
    }
  }

  /** One that did not boot has told why, and has nothing that could be closed in order. */
  private async end(): Promise<void> {
    const app = await this.booting?.catch(() => null);
    await app?.close();
  }
}
