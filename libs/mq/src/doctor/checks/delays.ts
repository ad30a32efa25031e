import { raw, sql } from '../../typeorm/sql/sql.js';
import type { Check } from '../check.js';
import type { DoctorFinding } from '../finding.js';

const NEWEST = 1_000;

/** Which messages are delayed stands in no option. What was published lately shows it. */
export const delays: Check = {
  code: 'delays',
  needs: 'broker',
  async run({ options, database, inspection }) {
    const { topics } = await inspection();
    const all = [...options.topics.values()];
    const takeNone = all.filter((_, i) => topics[i]!.takes?.includes('delayed') === false);
    if (takeNone.length === 0) return [];
    const published = await database.rows<{
      alias: string;
      n: string | number;
    }>(sql`SELECT topic_alias AS alias, COUNT(*) AS n
      FROM (SELECT topic_alias, deliver_at FROM ${raw(database.tables.statusLog)} ORDER BY id DESC LIMIT ${NEWEST}) AS newest
      WHERE deliver_at IS NOT NULL GROUP BY topic_alias`);
    return takeNone.flatMap(({ alias, topic }): DoctorFinding[] => {
      const delayed = Number(published.find((row) => row.alias === alias)?.n ?? 0);
      if (delayed === 0) return [];
      return [
        {
          code: 'topic-type',
          severity: 'error',
          what: `messages for '${alias}' are published with a delay, but the topic '${topic}' takes none of that kind: each one is refused`,
          evidence: { alias, topic, takes: topics[all.findIndex((each) => each.alias === alias)]!.takes!, delayed },
          todo: `make the topic one for delayed messages (type DELAY), or publish delayed ones to another`,
        },
      ];
    });
  },
};
