import type { INestApplicationContext } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import type { MqRuntime } from '../../nest/mq-runtime.js';
import type { ConsumerControl } from '../../nest/services/consumer-control.js';
import type { MqAdminService } from '../../nest/services/mq-admin.service.js';
import type { ReproduceSchedule } from '../../nest/services/reproduce-schedule.js';
import {
  getMqAdminSelfToken,
  getMqConsumerControlToken,
  getMqRuntimeToken,
  getReproduceScheduleToken,
} from '../../nest/tokens.js';
import { UsageError } from '../usage-error.js';

/** One MQ connection of the application. */
export interface Connection {
  readonly connection: string;
  readonly runtime: MqRuntime;
  readonly admin: MqAdminService;
  readonly consumers: ConsumerControl;
  readonly reproduce: ReproduceSchedule;
  /** Why its database gives no connection, for those who boot all the same. */
  readonly databaseProblem?: string;
}

/**
 * The connections of a booted application, by tokens that are texts: it may have loaded the other build of this library, whose
 * classes are not ours.
 * @param only name of the one that is wanted
 */
export function connectionsOf(app: INestApplicationContext, only: string | undefined): readonly Connection[] {
  const names = namesIn(app.get(ModulesContainer, { strict: false }));
  if (names.length === 0) {
    throw new UsageError('the application has no MqModule: its root module must import MqModule.forRoot({ … })');
  }
  if (only !== undefined && !names.includes(only)) throw UsageError.unknown('connection', only, names);
  const part = <T>(token: unknown): T => app.get(token as string, { strict: false });
  return (only === undefined ? names : [only]).map((name) => ({
    connection: name,
    runtime: part<MqRuntime>(getMqRuntimeToken(name)),
    admin: part<MqAdminService>(getMqAdminSelfToken(name)),
    consumers: part<ConsumerControl>(getMqConsumerControlToken(name)),
    reproduce: part<ReproduceSchedule>(getReproduceScheduleToken(name)),
  }));
}

function namesIn(modules: ModulesContainer): string[] {
  const prefix = getMqRuntimeToken('') as string;
  const tokens = [...modules.values()].flatMap((module) => [...module.providers.keys()]);
  const names = tokens.flatMap((token) =>
    typeof token === 'string' && token.startsWith(prefix) ? [token.slice(prefix.length)] : [],
  );
  return [...new Set(names)];
}
