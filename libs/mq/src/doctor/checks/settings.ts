import { findSettingProblems } from '../../typeorm/settings/check-database-settings.js';
import type { Check } from '../check.js';

/** What boot refuses or warns of, and what costs or hurts at some levels and works at all of them. */
export const settings: Check = {
  code: 'settings',
  needs: 'database',
  async run({ database }) {
    const problems = await findSettingProblems(database.dataSource, database.location);
    const cautions = await database.read((runner) => database.dialect.examination.cautions(runner));
    return [
      ...problems.map(({ severity, what, todo }) => ({
        code: 'database-settings' as const,
        severity: severity === 'refuse' ? ('error' as const) : ('warning' as const),
        what,
        evidence: { database: database.dialect.name },
        todo,
      })),
      ...cautions.map(({ setting, value, sentence, todo }) => ({
        code: 'database-caution' as const,
        severity: 'warning' as const,
        what: `${setting} is ${value}: ${sentence}`,
        evidence: { setting, value },
        todo,
      })),
    ];
  },
};
