import { throughPgbouncer } from '../support/pgbouncer/through-pgbouncer.js';

throughPgbouncer(() => {
  require('../shop/orders.spec.js');
  require('../shop/several-processes.spec.js');
});
