import { throughPgbouncer } from '../../support/pgbouncer/through-pgbouncer.js';

throughPgbouncer(() => {
  require('../conformance/outbox-store.spec.js');
  require('../conformance/delivery-store.spec.js');
});
