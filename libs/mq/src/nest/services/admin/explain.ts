import { MqError } from '../../../core/errors/mq-error.js';
import { explain } from '../../../core/explain/explain.js';
import type { MqExplanation } from '../../../core/explain/explanation.js';
import type { Settings } from '../../../core/explain/surroundings.js';
import { type MqTimeline, timelines } from '../../../core/explain/timeline.js';
import type { MqRuntime } from '../../mq-runtime.js';
import type { HandlerInfo } from '../mq-consumer.service.js';

/** Why messages are where they are. */
export class Explain {
  constructor(
    private readonly runtime: MqRuntime,
    private readonly handlers: () => readonly HandlerInfo[],
  ) {}

  async explain(idOrKey: string): Promise<MqExplanation[]> {
    return explain(await this.runtime.evidence.read(checked('explain', idOrKey)), this.settings());
  }

  async timeline(idOrKey: string): Promise<MqTimeline[]> {
    return timelines(await this.runtime.evidence.read(checked('timeline', idOrKey)), this.settings());
  }

  private settings(): Settings {
    const { retention, topics, groups } = this.runtime.options;
    return {
      retention,
      aliases: new Map([...groups].map(([alias, { groupId }]) => [groupId, alias])),
      groups: this.handlers().flatMap(({ topic, group }) => {
        const [named, of] = [topics.get(topic), groups.get(group)];
        return named && of ? [{ topic: named.topic, group, groupId: of.groupId, inbox: of.inbox }] : [];
      }),
    };
  }
}

function checked(what: string, idOrKey: unknown): string {
  if (typeof idOrKey === 'string' && idOrKey !== '') return idOrKey;
  throw new MqError('MQ_MESSAGE_INVALID', `${what}() needs an id or a key of a message, as a text that is not empty.`);
}
