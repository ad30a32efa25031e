import {
  MqAdminService,
  type DoctorCode,
  type DoctorFinding,
  type DoctorOptions,
  type DoctorReport,
} from 'nestjs-reliable-mq';
import type { TestDatabase } from '../../../support/database.js';
import type { Node } from '../../../support/node/node.js';

/** What the doctor says of the application that this instance is of. */
export function examine({ app }: Pick<Node, 'app'>, options: DoctorOptions = {}): Promise<DoctorReport> {
  return app.get(MqAdminService).doctor(options);
}

export function codesOf({ findings }: DoctorReport): string[] {
  return [...new Set(findings.map(({ code }) => code))].toSorted();
}

export function only({ findings }: DoctorReport, code: DoctorCode): DoctorFinding {
  const found = findings.filter((finding) => finding.code === code);
  expect(found.length).toBeGreaterThan(0);
  return found[0]!;
}

/** Does what a finding says, where that is SQL. */
export async function mend(db: TestDatabase, { todo }: DoctorFinding): Promise<void> {
  for (const statement of todo.split(/;(?:\s|$)/).filter((part) => part.trim() !== '')) await db.query(statement);
}
