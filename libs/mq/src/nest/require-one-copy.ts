import type { ModulesContainer } from '@nestjs/core';
import { getDataSourceToken, TypeOrmModule } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import { MqError } from '../core/errors/mq-error.js';
import { nearest } from '../core/runtime/nearest.js';
import { systemClock } from '../core/runtime/system-clock.js';
import { duplicatePackage } from '../typeorm/connection/duplicate-package.js';

/** What Nest reports by itself is a few microtasks away; a second is enough on a machine with too much to do. */
const OWN_ERROR_FIRST_MS = 1_000;

/**
 * What Nest injects is looked up by classes, and two copies of a package have two classes. Nest would say that it cannot resolve
 * a dependency which stands right there in the application, so these are injected as optional, and looked at here.
 */

/** @throws {MqError} `MQ_DUPLICATE_PACKAGE` when the Nest that runs is another copy: each one provides its own container */
export function requireModules(modules: ModulesContainer | undefined): ModulesContainer {
  if (modules) return modules;
  throw duplicatePackage(['@nestjs/core'], 'nothing that Nest itself provides is found by the library');
}

/** @throws {MqError} `MQ_DUPLICATE_PACKAGE`; `MQ_CONFIG_INVALID` when the application has no such data source at all */
export function requireDataSource(
  modules: ModulesContainer,
  dataSource: DataSource | undefined,
  name: string | undefined,
): DataSource | Promise<never> {
  // One that is injected by its name may still come from another copy: `createMqStores` looks at it.
  if (dataSource) return dataSource;
  if (tokensOf(modules).includes(getDataSourceToken(name) as unknown)) return outOfReach(name);
  if (tokensOf(modules).some(isOtherDataSource)) {
    const names = hasOtherTypeOrmModule(modules) ? ['typeorm', '@nestjs/typeorm'] : ['typeorm'];
    throw duplicatePackage(names, "the application's data source is not found");
  }
  throw noDataSource(name, dataSourcesOf(modules));
}

/** Names of the data sources that there are. */
function dataSourcesOf(modules: ModulesContainer): string[] {
  const tokens = new Set(tokensOf(modules));
  const named = [...tokens].flatMap((token) =>
    typeof token === 'string' ? (/^(.+)DataSource$/.exec(token) ?? []) : [],
  );
  return [
    ...(tokens.has(getDataSourceToken()) ? ['default'] : []),
    ...named.filter((each) => tokens.has(getDataSourceToken(each))),
  ];
}

function noDataSource(name: string | undefined, known: readonly string[]): MqError {
  const missing = `the application has no TypeORM data source${name === undefined ? '' : ` with the name '${name}'`}, in which messages are kept. `;
  const todo =
    known.length === 0
      ? 'Import TypeOrmModule.forRoot() or forRootAsync() beside MqModule.'
      : `It has ${known.map((each) => `'${each}'`).join(', ')}: write dataSource: '${nearest(name ?? 'default', known) ?? known[0]!}' in the options of ` +
        'MqModule, or give one of them the name that is meant.';
  return new MqError('MQ_CONFIG_INVALID', missing + todo, { details: { dataSource: name ?? 'default', known } });
}

/**
 * The application provides it, and Nest did not inject it: it could not be made, or is not visible to MqModule. To whom a dependency
 * is optional Nest does not tell which. If it could not be made, Nest rejects with that error in the same moment, so ours comes later.
 */
async function outOfReach(name: string | undefined): Promise<never> {
  await systemClock.sleep(OWN_ERROR_FIRST_MS);
  const which = name === undefined ? 'a TypeORM data source' : `a TypeORM data source with the name '${name}'`;
  throw new MqError(
    'MQ_CONFIG_INVALID',
    `the application provides ${which}, but MqModule did not get it: its module does not export it, or is not global, or provides ` +
      'nothing under its token. Import TypeOrmModule.forRoot() or forRootAsync(), which are global, or write @Global() above the ' +
      'module that provides it, and export it there.',
  );
}

/** Whether the application imports `TypeOrmModule` of another copy of `@nestjs/typeorm`: each has a list of entities to load. */
export function hasOtherTypeOrmModule(modules: ModulesContainer): boolean {
  return [...modules.values()].some(
    // By name and by what it can do: in a bundle classes may have lost their names, and others may have got the same.
    ({ metatype }) =>
      metatype.name === 'TypeOrmModule' && 'forFeature' in metatype && (metatype as unknown) !== TypeOrmModule,
  );
}

function isOtherDataSource(token: unknown): boolean {
  return (
    typeof token === 'function' && token.name === 'DataSource' && 'createQueryRunner' in (token.prototype as object)
  );
}

/** The entities are on the list of one copy of `@nestjs/typeorm` while the data source was made with that of another. */
export function entitiesInOtherCopy(): MqError {
  return duplicatePackage(['@nestjs/typeorm'], 'autoLoadEntities does not see its entities');
}

function tokensOf(modules: ModulesContainer): unknown[] {
  return [...modules.values()].flatMap((module) => [...module.providers.keys()]);
}
