import { throughPgbouncer } from '../../support/pgbouncer/through-pgbouncer.js';

throughPgbouncer(() => {
  require('../store/closed-transactions.spec.js');
  require('../store/foreign-tables.spec.js');
  require('../store/migrations.spec.js');
  require('../store/producers-and-relays.spec.js');
  require('../transactions/delivery-sever.spec.js');
  require('../transactions/transaction-end.spec.js');
  require('../../guarantees/tenants.spec.js');
});
