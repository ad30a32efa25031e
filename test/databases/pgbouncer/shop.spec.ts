import { throughPgbouncer } from '../../support/pgbouncer/through-pgbouncer.js';

throughPgbouncer(() => {
  require('../../programs/shop/orders.spec.js');
  require('../../programs/shop/several-processes.spec.js');
});
