import type { ModulesContainer } from '@nestjs/core';
import { EventBus } from '@nestjs/cqrs';
import { MqError } from '../../core/errors/mq-error.js';
import { instancesOf } from '../../nest/discovery/instances-of.js';
import { addBootCheck } from '../../nest/lifecycle/boot-checks.js';

/** As many classes as a sentence takes. */
const MOST_NAMED = 3;

const marked = new Set<string>();

/** Notes that events of this class are to be staged, so that an application in which nothing would do so does not start. */
export function mustBeStaged(type: { readonly name: string }): void {
  marked.add(type.name);
  addBootCheck(refuseUnstaged);
}

/** Which class has it stages events: its name may be another in a bundle, and the class one of another copy of this library. */
export const STAGES_EVENTS = Symbol.for('nestjs-reliable-mq.stages-events');

function refuseUnstaged(modules: ModulesContainer): void {
  if (instancesOf(modules, EventBus).length === 0) return;
  if ([...modules.values()].some(({ metatype }) => metatype !== undefined && STAGES_EVENTS in metatype)) return;
  const names = [...marked];
  const others = names.length > MOST_NAMED ? ` and ${names.length - MOST_NAMED} more` : '';
  throw new MqError(
    'MQ_CONFIG_INVALID',
    `@Outbox() stands above ${names.slice(0, MOST_NAMED).join(', ')}${others}, and this application has an EventBus and no MqCqrsModule, so no message ` +
      'of these events would ever leave. Import MqCqrsModule (nestjs-reliable-mq/cqrs) beside CqrsModule, also where none of them is published: it changes nothing else.',
    { details: { events: names } },
  );
}
