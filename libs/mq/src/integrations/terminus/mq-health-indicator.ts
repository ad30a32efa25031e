import { Injectable } from '@nestjs/common';
import { MqAdminService } from '../../nest/services/mq-admin.service.js';

/**
 * What `HealthCheckService.check()` takes: under the key, `status` and why. Terminus adds nothing of its own to it, so this entry needs no
 * package besides.
 */
export type MqIndication<Key extends string = string> = Record<
  Key,
  { readonly status: 'up' | 'down'; readonly reasons?: readonly string[] }
>;

export interface MqReadinessOptions {
  /**
   * Whether a broker that is away makes this process unready. Default `false`: a process that publishes goes on, because its messages wait
   * in the outbox. `true` is for processes that only consume.
   */
  readonly needsBroker?: boolean;
}

/** Codes of causes that are the broker's. */
const OF_THE_BROKER = ['broker', 'topic'];

/**
 * Health indicator for `@nestjs/terminus`. Of another connection than the default one: `new MqHealthIndicator(app.get(getMqAdminToken('billing')))`.
 *
 * @example
 * @HealthCheck()
 * @Get('ready')
 * ready() {
 *   return this.health.check([() => this.mq.readiness('mq')]);
 * }
 */
@Injectable()
export class MqHealthIndicator {
  constructor(private readonly admin: MqAdminService) {}

  /**
   * Whether a restart would help: `down` when a loop has stopped by mistake, or a handler has ignored its timeout for five minutes. Never asks
   * the database or the broker, whose outage would restart every process.
   */
  liveness<Key extends string = 'mq'>(key = 'mq' as Key): MqIndication<Key> {
    const { alive, reasons } = this.admin.liveness();
    return indication(key, alive ? [] : reasons);
  }

  /**
   * Whether this process can take requests: its tables are there (or it would not have booted), and the database answers within three seconds.
   * Never rejects.
   */
  async readiness<Key extends string = 'mq'>(
    key = 'mq' as Key,
    { needsBroker = false }: MqReadinessOptions = {},
  ): Promise<MqIndication<Key>> {
    const { causes } = await this.admin.health();
    const against = causes.filter(
      ({ code, severity }) =>
        (code === 'database' && severity === 'down') || (needsBroker && OF_THE_BROKER.includes(code)),
    );
    return indication(
      key,
      against.map(({ text }) => text),
    );
  }
}

function indication<Key extends string>(key: Key, reasons: readonly string[]): MqIndication<Key> {
  const result = reasons.length === 0 ? { status: 'up' as const } : { status: 'down' as const, reasons };
  return { [key]: result } as MqIndication<Key>;
}
