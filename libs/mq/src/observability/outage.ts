import type { FailureInfo } from '../core/events/event-map.js';
import type { OutageCause } from './outage-cause.js';

/** What of an outage the log and health tell. */
export interface Outage {
  readonly cause: OutageCause;
  /** Of the last failure. */
  readonly error: FailureInfo;
  readonly since: Date;
  /** Pairs of topic and group whose polls fail. */
  readonly polls: number;
}
