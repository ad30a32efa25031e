import { sql } from '../../typeorm/sql/sql.js';
import type { Check } from '../check.js';

/** Beyond it people who compare log lines with rows are misled; brokers refuse signatures that are minutes old. */
export const TOLERATED_MS = 2_000;
const TRIES = 3;

/** Compares the clocks as far as the round trip allows: the quickest of some is the most exact. */
export const clock: Check = {
  code: 'clock',
  needs: 'database',
  async run({ clock: own, database }) {
    const { nowMs } = database.dialect;
    const measured = await database.read(async (runner) => {
      const samples: { tripMs: number; offsetMs: number }[] = [];
      const { text } = sql`SELECT ${nowMs} AS now_ms`.render(database.dialect);
      for (let i = 0; i < TRIES; i += 1) {
        const began = own.monotonic();
        const [row] = (await runner.query(text)) as [{ now_ms: string | number }];
        const tripMs = own.monotonic() - began;
        samples.push({ tripMs, offsetMs: own.now() - tripMs / 2 - Number(row.now_ms) });
      }
      return samples.toSorted((a, b) => a.tripMs - b.tripMs)[0]!;
    });
    const offsetMs = Math.round(measured.offsetMs);
    if (Math.abs(offsetMs) - measured.tripMs / 2 <= TOLERATED_MS) return [];
    return [
      {
        code: 'clock-offset',
        severity: 'warning',
        what:
          `the clock of this process is ${Math.abs(offsetMs / 1_000).toFixed(1)} s ${offsetMs > 0 ? 'ahead of' : 'behind'} the ` +
          `database's: its log lines and delays are off by that much, and a broker refuses signatures that are too old`,
        evidence: { offsetMs, roundTripMs: Math.round(measured.tripMs) },
        todo: 'set the clock of the machine that is wrong, and keep it set: timedatectl set-ntp true',
      },
    ];
  },
};
