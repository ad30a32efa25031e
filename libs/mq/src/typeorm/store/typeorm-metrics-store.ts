import type { MetricsStore } from '../../core/store/metrics-store.js';
import type { OwnConnections } from './own-connections.js';
import { leaveDuty, takeDuty } from './statements/duty.js';
import { measure } from './statements/measure.js';

/** What metrics ask of PostgreSQL, MySQL or MariaDB. */
export function typeOrmMetricsStore(own: OwnConnections): MetricsStore {
  return {
    takeDuty: (candidate, ms) => takeDuty(own, candidate, ms),
    leaveDuty: (candidate) => leaveDuty(own, candidate),
    measure: () => measure(own),
  };
}
