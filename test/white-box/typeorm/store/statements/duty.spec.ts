import { detectDialect, OwnConnections, tableNames } from 'nestjs-reliable-mq/typeorm';
import { leaveDuty, takeDuty } from '../../../../../libs/mq/src/typeorm/store/statements/duty.js';
import { describeDatabases } from '../../../../support/database.js';
import { openOutbox } from '../../../../support/outbox/open-outbox.js';

const CANDIDATES = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];

describeDatabases('a duty', (db) => {
  it('has one owner, of however many that ask for it at once: when nobody has it, and when its lease has ended', async () => {
    const { dataSource } = await openOutbox(db);
    const dialect = detectDialect(dataSource);
    const own = new OwnConnections(dataSource, dialect, tableNames(dataSource, dialect));
    const takers = async (): Promise<string[]> => {
      const answers = await Promise.all(CANDIDATES.map((candidate) => takeDuty(own, candidate, 60_000)));
      return CANDIDATES.filter((_, i) => answers[i]!.held);
    };
    for (let round = 0; round < 5; round++) {
      const [first, ...others] = await takers();
      expect([typeof first, others]).toEqual(['string', []]);
      // Who has it keeps it, and nobody else can leave it.
      for (const candidate of CANDIDATES) if (candidate !== first) await leaveDuty(own, candidate);
      expect(await takers()).toEqual([first]);
      if (round % 2 === 0) await leaveDuty(own, first!);
      else await db.query('UPDATE mq_duty SET until_at = 1');
    }
  });
});
