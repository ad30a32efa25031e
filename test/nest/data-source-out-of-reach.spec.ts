import 'reflect-metadata';
import { Global, Module, type Type } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { getDataSourceToken, TypeOrmModule } from '@nestjs/typeorm';
import { MqModule } from 'nestjs-reliable-mq';
import { memoryTransport } from 'nestjs-reliable-mq/testing';
import { getMqEntities } from 'nestjs-reliable-mq/typeorm';
import type { DataSource } from 'typeorm';
import { useTestDatabase } from '../support/database.js';
import { freePort } from '../support/free-port.mjs';

const db = useTestDatabase();
const mq = MqModule.forRoot({ transport: memoryTransport(), topics: {}, groups: {}, migrate: true });

/** What boot fails with; `null` if it does not. */
async function failureOf(imports: Parameters<typeof Test.createTestingModule>[0]['imports']): Promise<unknown> {
  try {
    const app = await Test.createTestingModule({ imports: [...imports!, mq] })
      .setLogger({ log: () => {}, warn: () => {}, error: () => {} })
      .compile();
    await app.close();
    return null;
  } catch (error) {
    return error;
  }
}

/** A data source that the application made by hand, and the module that has it. */
async function ownModule(exported: boolean): Promise<{ module: Type; dataSource: DataSource }> {
  const dataSource = await db.connect({ entities: [...getMqEntities()] });
  const token = getDataSourceToken();
  @Global()
  @Module({ providers: [{ provide: token, useValue: dataSource }], exports: exported ? [token] : [] })
  class DatabaseModule {}
  return { module: DatabaseModule, dataSource };
}

it('is told, with what to do, when its module keeps it to itself', async () => {
  const { module, dataSource } = await ownModule(false);
  expect(await failureOf([module])).toMatchObject({
    code: 'MQ_CONFIG_INVALID',
    message: expect.stringMatching(/MqModule did not get it.*@Global\(\)/),
  });
  await dataSource.destroy();
});

it('is used when its module is global and exports it', async () => {
  const { module } = await ownModule(true);
  expect(await failureOf([module])).toBeNull();
});

it('that cannot be made is told by the error of its own', async () => {
  const url = `postgres://postgres@127.0.0.1:${await freePort()}/nowhere`;
  const imports = [TypeOrmModule.forRoot({ type: 'postgres', url, retryAttempts: 1, retryDelay: 0 })];
  expect(await failureOf(imports)).toMatchObject({ code: 'ECONNREFUSED' });
});
