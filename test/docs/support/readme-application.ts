import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { INestApplicationContext, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { TestDatabase } from '../../support/database.js';
import { readPage, ROOT } from './pages.js';

interface Orders {
  place(input: { sku: string; quantity: number }): Promise<string>;
}

/**
 * "Use it in your application", as it stands in the README: its files are written into a folder, with the entities that
 * every reader has.
 */
export class ReadmeApplication {
  private app: INestApplicationContext | null = null;

  private constructor(
    private readonly db: TestDatabase,
    private readonly folder: string,
  ) {}

  /** @param change what a reader changes of `app.module.ts` */
  static async start(db: TestDatabase, change = (appModule: string): string => appModule): Promise<ReadmeApplication> {
    const application = new ReadmeApplication(db, writeFiles(change));
    await application.boot();
    return application;
  }

  async stop(): Promise<void> {
    await this.app?.close();
    rmSync(this.folder, { recursive: true });
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
    const { Order } = await this.load<{ Order: Type }>('order.entity');
    const { Stock } = await this.load<{ Stock: Type }>('stock.entity');
    const own = await this.db.connect({ entities: [Order, Stock] });
    await own.synchronize();
    await this.db.query(`INSERT INTO stock VALUES ('tea', 10)`);
    process.env['DATABASE_URL'] = this.db.url;
    const { AppModule } = await this.load<{ AppModule: Type }>('app.module');
    this.app = await NestFactory.createApplicationContext(AppModule, { logger: false, abortOnError: false });
  }

  private async load<T>(file: string): Promise<T> {
    return (await import(join(this.folder, file))) as T;
  }
}

/** Inside of the repository, because packages are looked for from there; in a folder that git and the tools ignore. */
function writeFiles(change: (appModule: string) => string): string {
  const parent = join(ROOT, 'coverage');
  mkdirSync(parent, { recursive: true });
  const folder = mkdtempSync(join(parent, 'readme-app-'));
  const given = join(ROOT, 'test/docs/snippets/readme');
  for (const name of readdirSync(given)) copyFileSync(join(given, name), join(folder, name));
  for (const { code } of readPage('README.md').fences) {
    const name = /^\/\/ ([\w.-]+\.ts)\n/.exec(code)?.[1];
    if (name) writeFileSync(join(folder, name), name === 'app.module.ts' ? change(code) : code);
  }
  return folder;
}
