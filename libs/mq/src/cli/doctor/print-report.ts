import { countOf } from '../../core/runtime/count-of.js';
import { oneLine } from '../../core/runtime/one-line.js';
import type { DoctorFinding, DoctorReport } from '../../doctor/finding.js';
import type { Out } from '../output/out.js';

/** A report for people: each finding with its figures and the line that mends it, and what nobody looked at. */
export function printReport(out: Out, { connection, findings, checked, notChecked }: DoctorReport): void {
  const found = findings.length === 0 ? out.style('green', 'nothing found') : countOf(findings.length, 'finding');
  out.text(`${connection}: ${found}, ${countOf(checked.length, 'check')}`);
  for (const finding of findings) {
    const { severity, code, what, todo } = finding;
    out.text();
    out.text(
      `${out.style(severity === 'error' ? 'red' : 'yellow', severity)} ${out.style('bold', code)}: ${oneLine(what)}`,
    );
    for (const line of evidenceOf(finding)) out.text(`  ${out.style('dim', line)}`);
    out.text(`  -> ${todo}`);
  }
  if (notChecked.length === 0) return;
  out.text();
  for (const { check, why } of notChecked) out.text(out.style('dim', `not checked: ${check}: ${oneLine(why)}`));
}

function evidenceOf({ evidence }: DoctorFinding): string[] {
  return Object.entries(evidence)
    .map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : String(value ?? '')] as const)
    .filter(([, text]) => text !== '')
    .map(([name, text]) => oneLine(`${name}: ${text}`));
}
