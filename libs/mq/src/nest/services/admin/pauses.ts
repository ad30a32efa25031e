import { MqError } from '../../../core/errors/mq-error.js';
import { type Duration, tryParseDuration } from '../../../core/runtime/duration.js';
import type { MqPause, PauseTarget } from '../../../core/store/pause-store.js';
import type { MqRuntime } from '../../mq-runtime.js';
import { type OperatorOptions, requestOf } from './operator-request.js';

export interface PauseOptions extends OperatorOptions {
  /** When it ends by itself, from now; without it somebody has to resume. */
  readonly for?: Duration;
}

/** Pauses topics and groups in all processes. */
export class Pauses {
  constructor(private readonly runtime: MqRuntime) {}

  async pause(target: PauseTarget, given: PauseOptions): Promise<void> {
    const { connection, operations, options } = this.runtime;
    const { kind, alias } = this.parse('pause', target);
    this.requireKnown(kind, alias);
    const topic = kind === 'topic' ? options.topics.get(alias)!.topic : null;
    const request = { connection, target, topic, forMs: lengthOf(given), ...this.said('pause', given) };
    await operations.pauses.pause(request);
    await operations.heartbeat.readPauses();
  }

  async resume(target: PauseTarget, given: Partial<OperatorOptions> = {}): Promise<void> {
    const { connection, operations } = this.runtime;
    const { kind, alias } = this.parse('resume', target);
    const said = this.said('resume', { ...given, reason: given.reason ?? 'resumed' });
    const resumed = await operations.pauses.resume({ connection, target, ...said });
    // What is configured no more can still be resumed, and nothing else that is unknown.
    if (!resumed) this.requireKnown(kind, alias);
    await operations.heartbeat.readPauses();
  }

  async pauses(): Promise<MqPause[]> {
    const { pauses } = await this.runtime.operations.pauses.list(this.runtime.connection);
    return pauses
      .filter(({ paused }) => paused)
      .map(({ connection, target, reason, actor, since, until }) => ({
        connection,
        target,
        reason,
        actor,
        since,
        until,
      }));
  }

  private said(what: string, given: OperatorOptions): { reason: string; actor: string } {
    const { reason, owner } = requestOf(what, [], given, this.runtime.instance);
    return { reason, actor: owner };
  }

  private parse(what: string, target: unknown): { kind: 'topic' | 'group'; alias: string } {
    const [, kind, alias] = /^(topic|group):(.+)$/s.exec(typeof target === 'string' ? target : '') ?? [];
    if (kind === undefined || alias === undefined) {
      throw new MqError(
        'MQ_MESSAGE_INVALID',
        `${what}() needs what to ${what}, 'topic:' or 'group:' and its short name: ${what}('group:stock', …).`,
      );
    }
    return { kind: kind as 'topic' | 'group', alias };
  }

  private requireKnown(kind: 'topic' | 'group', alias: string): void {
    const { options } = this.runtime;
    const known = [...(kind === 'topic' ? options.topics : options.groups).keys()];
    if (known.includes(alias)) return;
    throw new MqError(
      kind === 'topic' ? 'MQ_UNKNOWN_TOPIC' : 'MQ_UNKNOWN_GROUP',
      `No ${kind} '${alias}' is configured (connection '${options.connection}'). Known: ${known.join(', ') || 'none'}.`,
      { details: { alias, known } },
    );
  }
}

function lengthOf({ for: length }: PauseOptions): number | null {
  if (length === undefined) return null;
  const ms = tryParseDuration(length);
  if (ms === undefined || ms <= 0) {
    throw new MqError(
      'MQ_MESSAGE_INVALID',
      `pause() cannot last ${JSON.stringify(length)}: write milliseconds or a text like '30m'.`,
    );
  }
  return ms;
}
