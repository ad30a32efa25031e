import { throughPgbouncer } from '../../support/pgbouncer/through-pgbouncer.js';

throughPgbouncer(() => {
  require('../../guarantees/publish.spec.js');
  require('../../guarantees/exactly-once-effect.spec.js');
  require('../../guarantees/fence.spec.js');
  require('../../guarantees/park-and-replay.spec.js');
  require('../../guarantees/ways-out-of-a-handler.spec.js');
});
