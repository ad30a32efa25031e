import { IsDefined, IsIn, IsOptional, IsPort, IsString, Matches, ValidateIf } from 'class-validator';
import type { Duration } from 'nestjs-reliable-mq';
import { IsDuration } from './is-duration.js';

export const TRANSPORT_NAMES = ['aliyun-http', 'rocketmq'] as const;

const NOT_KNOWN = { message: '$property=$value is not known; known: $constraint1' };
const BOTH = { message: 'MQ_ACCESS_KEY_ID and MQ_ACCESS_KEY_SECRET belong together: set both, or neither' };
const PROXIES = /^[^/;]+:\d+(;[^/;]+:\d+)*$/;

/**
 * The variables that the shop reads. Told here is what is wrong with a variable as such; what a transport thinks of its
 * settings it says itself, when MqModule checks the configuration.
 */
export class Environment {
  @Matches(/^(postgres|mysql):\/\//, {
    message: '$property must begin with postgres:// or mysql://, e.g. postgres://user:password@127.0.0.1/shop',
  })
  DATABASE_URL: string;

  @IsIn(TRANSPORT_NAMES, NOT_KNOWN)
  MQ_TRANSPORT: (typeof TRANSPORT_NAMES)[number] = 'aliyun-http';

  /** `http://…` or `host:port`; for RocketMQ 5 the latter, or several of them with semicolons between. */
  @ValidateIf((environment: Environment) => environment.MQ_TRANSPORT === 'rocketmq')
  @Matches(PROXIES, { message: '$property=$value must be the host:port of the proxy, e.g. 127.0.0.1:8081' })
  MQ_ENDPOINT = '';

  /** Apache's broker lets everybody in unless it is told otherwise, so no keys are a choice; a half is a mistake. */
  @ValidateIf((environment: Environment) => environment.MQ_ACCESS_KEY_SECRET !== undefined)
  @IsDefined(BOTH)
  MQ_ACCESS_KEY_ID?: string;

  @ValidateIf((environment: Environment) => environment.MQ_ACCESS_KEY_ID !== undefined)
  @IsDefined(BOTH)
  MQ_ACCESS_KEY_SECRET?: string;

  /** Of MQ HTTP, or the namespace of RocketMQ 5. */
  @IsOptional()
  MQ_INSTANCE_ID?: string;

  /** For RocketMQ 5 alone, as is the next one. */
  @IsIn(['true', 'false'], NOT_KNOWN)
  MQ_TLS: 'true' | 'false' = 'false';

  @IsIn(['apache', 'aliyun'], NOT_KNOWN)
  MQ_PROFILE: 'apache' | 'aliyun' = 'apache';

  @IsOptional()
  @IsDuration()
  MQ_REQUEST_TIMEOUT?: Duration;

  /** How soon another process sends what a killed one was sending. */
  @IsDuration()
  MQ_REPRODUCE_LEASE: Duration = '30s';

  /** Ends every tag and every group id, which keeps environments apart that share one broker. */
  @IsString()
  MQ_SUFFIX = '';

  /** What starts in this process: `all`, `api`, `worker`, `relay`, or a comma list. */
  @IsString()
  MQ_ROLE = 'all';

  @IsPort({ message: '$property=$value is no port; 0 picks a free one' })
  PORT = '3000';

  /** When an order that is not paid by then is cancelled. */
  @IsDuration()
  SHOP_PAYMENT_DUE: Duration = '15m';
}
