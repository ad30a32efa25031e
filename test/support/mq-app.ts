import { Module, type ModuleMetadata } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { TypeOrmModule } from '@nestjs/typeorm';
import { MqModule, type MqModuleOptions } from 'nestjs-reliable-mq';
import { type TestDatabase, useTestDatabase } from './database.js';

/** Applications of this file; each is closed after the test that made it. */
const apps = new Set<TestingModule>();

export const closeApps = {
  async add(app: Promise<TestingModule>): Promise<TestingModule> {
    const made = await app;
    apps.add(made);
    return made;
  },
};

/** A database for applications, which are closed after each test. */
export function mqDatabase(): TestDatabase {
  closeAfterEach();
  return useTestDatabase();
}

export function closeAfterEach(): void {
  afterEach(async () => {
    const all = [...apps];
    apps.clear();
    // At once: one that reads from RocketMQ waits some seconds for the end of its polls.
    await Promise.all(all.map((app) => app.close()));
  });
}

/** The application's data source. Nothing retries, so that a mistake fails a test at once. */
export function typeOrm(db: TestDatabase, more: object = {}): ReturnType<typeof TypeOrmModule.forRoot> {
  return TypeOrmModule.forRoot({ ...db.options, autoLoadEntities: true, retryAttempts: 0, ...more });
}

/** An application with MqModule on this database, booted to the end. Tables are made unless `migrate` says otherwise. */
export async function bootMq(
  db: TestDatabase,
  options: MqModuleOptions,
  { imports = [], providers = [], controllers = [] }: Pick<ModuleMetadata, 'imports' | 'providers' | 'controllers'>,
  dataSource: object = {},
): Promise<TestingModule> {
  @Module({
    imports: [typeOrm(db, dataSource), MqModule.forRoot({ migrate: true, ...options }), ...imports],
    providers,
    controllers,
  })
  class App {}
  const module = await Test.createTestingModule({ imports: [App] }).compile();
  module.useLogger(false);
  await closeApps.add(Promise.resolve(module));
  return module.init();
}
