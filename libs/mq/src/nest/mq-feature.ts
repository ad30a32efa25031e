import { Module } from '@nestjs/common';
import type { ModulesContainer } from '@nestjs/core';
import type { MqOptions } from '../core/config/options.js';
import type { Feature } from '../core/config/merge-features.js';
import { DEFAULT_CONNECTION } from './tokens.js';

/** What a module brings for itself. */
export interface MqFeatureOptions extends Pick<MqOptions, 'topics' | 'groups'> {
  /** The connection that they belong to. Default `'default'`. */
  name?: string;
}

/** One call of `MqModule.forFeature()`, as a provider that is there before any connection is made. */
export class MqFeature {
  readonly connection: string;

  constructor(readonly options: MqFeatureOptions) {
    this.connection = options.name ?? DEFAULT_CONNECTION;
  }
}

@Module({})
export class MqFeatureModule {}

/** What the modules of the application bring for a connection, with the place of each. */
export function featuresOf(modules: ModulesContainer, connection: string): Feature[] {
  const all = [...modules.values()];
  return all.flatMap((module) =>
    [...module.providers.values()].flatMap(({ instance }) => {
      if (!(instance instanceof MqFeature) || instance.connection !== connection) return [];
      const importers = all.filter(({ imports }) => imports.has(module)).map(({ metatype }) => metatype.name);
      const { topics, groups } = instance.options;
      return [{ source: instance, place: `MqModule.forFeature() of ${importers.join(', ')}`, topics, groups }];
    }),
  );
}
