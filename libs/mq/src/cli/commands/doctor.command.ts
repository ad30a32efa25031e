import type { DoctorReport } from '../../doctor/finding.js';
import type { DoctorOptions } from '../../doctor/run-doctor.js';
import { UNCHECKED } from '../boot/boot-modes.js';
import type { Connection } from '../boot/connections.js';
import type { Command } from '../command.js';
import { printReport } from '../doctor/print-report.js';
import { EXIT } from '../exit-codes.js';
import { duration } from '../values.js';

export const doctorCommand: Command = {
  name: 'doctor',
  summary: 'looks for what is set up wrongly and for what is stuck; exit code 2 when it finds something',
  description:
    'In the configuration, the database, the tables, at the broker and among the processes. It changes nothing, and sends and takes no message. What is away is a finding, and the rest is looked at.',
  options: [
    { flags: '--offline', description: 'look at the configuration alone: neither database nor broker is asked' },
    { flags: '--timeout <duration>', description: 'how long one check may take; 10s unless given', parse: duration },
    {
      flags: '--open-transaction <duration>',
      description: 'from which age a transaction counts as left open; 10m unless given',
      parse: duration,
    },
  ],
  examples: ['mq doctor', 'mq doctor --offline --json'],
  stopsOnSignal: true,
  run: async ({ open, out, json, signal }, values) => {
    const offline = values['offline'] === true;
    const given = { timeout: values['timeout'], openTransaction: values['openTransaction'] };
    const asked = Object.entries(given).filter(([, ms]) => ms !== undefined);
    const options: DoctorOptions = { offline, signal, ...Object.fromEntries(asked) };
    const reports = [];
    for (const connection of await open(UNCHECKED, offline ? 'unused' : 'wanted')) {
      reports.push(withReason(await connection.admin.doctor(options), connection));
    }
    if (json) out.json(reports);
    else for (const report of reports) printReport(out, report);
    return reports.every(({ healthy }) => healthy) ? EXIT.ok : EXIT.checkFailed;
  },
};

/** The doctor sees that a data source has not begun; why, the boot has seen. */
function withReason(report: DoctorReport, { databaseProblem }: Connection): DoctorReport {
  if (databaseProblem === undefined) return report;
  return {
    ...report,
    findings: report.findings.map((finding) =>
      finding.code === 'database-unreachable'
        ? { ...finding, evidence: { ...finding.evidence, answer: databaseProblem } }
        : finding,
    ),
  };
}
