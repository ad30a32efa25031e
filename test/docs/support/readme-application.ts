import { rmSync } from 'node:fs';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { INestApplication, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { TestDatabase } from '../../support/database.js';
import { eventually } from '../../support/eventually.js';
import { readPage } from '../../support/pages.js';
import { writeBlocks } from './write-blocks.js';

interface Orders {
  place(input: { sku: string; quantity: number }): Promise<string>;
}

/** "Use it in your application", as it stands in the README: its files are written into a folder, and its `main.ts` started. */
export class ReadmeApplication {
  private app: INestApplication | null = null;

  private constructor(
    private readonly db: TestDatabase,
    private readonly folder: string,
  ) {}

  /** @param change what a reader changes of `app.module.ts` */
  static async start(db: TestDatabase, change = (appModule: string): string => appModule): Promise<ReadmeApplication> {
    const folder = writeBlocks(readPage('README.md'), (name, code) => (name === 'app.module.ts' ? change(code) : code));
    const application = new ReadmeApplication(db, folder);
    await application.boot();
    return application;
  }

  async stop(): Promise<void> {
    await this.app?.close();
    rmSync(this.folder, { recursive: true });
  }

  /** As `curl` in the README does it. */
  async order(quantity: number): Promise<string> {
    const { port } = (this.app!.getHttpServer() as Server).address() as AddressInfo;
    const response = await fetch(`http://localhost:${port}/orders`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ sku: 'tea', quantity }),
    });
    return response.text();
  }

  async place(quantity: number): Promise<string> {
    const { OrdersService } = await this.load<{ OrdersService: Type<Orders> }>('orders.service');
    return this.app!.get(OrdersService).place({ sku: 'tea', quantity });
  }

  async onHand(): Promise<number> {
    const [row] = await this.db.query<{ onHand: number }>('SELECT "onHand" FROM stock');
    return row!.onHand;
  }

  private async boot(): Promise<void> {
    process.env['DATABASE_URL'] = this.db.url;
    process.env['PORT'] = '0';
    await this.main();
    await this.db.query(`INSERT INTO stock VALUES ('tea', 10)`);
  }

  /** Runs `main.ts`, which keeps its application for itself: it is caught on its way out of Nest. */
  private async main(): Promise<void> {
    const create = NestFactory.create.bind(NestFactory);
    let started: Promise<INestApplication> | undefined;
    const caught = jest.spyOn(NestFactory, 'create').mockImplementation((module: unknown) => {
      started = create(module as Type, { logger: false, abortOnError: false });
      return started;
    });
    try {
      await this.load('main');
      this.app = (await started) ?? null;
      const server = this.app?.getHttpServer() as Server | undefined;
      await eventually(() => server?.listening === true, { what: 'main.ts to listen' });
    } finally {
      caught.mockRestore();
    }
  }

  private async load<T>(file: string): Promise<T> {
    return (await import(join(this.folder, file))) as T;
  }
}
