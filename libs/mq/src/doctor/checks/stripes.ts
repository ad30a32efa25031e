import { ORDER_STRIPES } from '../../core/store/order-key.js';
import { raw, sql } from '../../typeorm/sql/sql.js';
import type { Check } from '../check.js';

export const stripes: Check = {
  code: 'stripes',
  needs: 'tables',
  async run({ database }) {
    const rows = await database.rows<{ id: number }>(sql`SELECT id FROM ${raw(database.tables.orderStripe)}`);
    const there = new Set(rows.map(({ id }) => Number(id)));
    const missing = Array.from({ length: ORDER_STRIPES }, (_, id) => id).filter((id) => !there.has(id));
    if (missing.length === 0) return [];
    return [
      {
        code: 'order-stripes-incomplete',
        severity: 'error',
        what: `${missing.length} of the ${ORDER_STRIPES} rows that publishers of one ordering key lock are missing: their messages may overtake each other`,
        evidence: { missing: missing.length, expected: ORDER_STRIPES },
        todo: `INSERT INTO ${database.tables.orderStripe} (id) VALUES ${missing.map((id) => `(${id})`).join(', ')};`,
      },
    ];
  },
};
