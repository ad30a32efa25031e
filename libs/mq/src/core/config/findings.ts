import type { Violation } from '../transport/transport.js';
import { Problems } from './problems.js';

/** {@link Problems} as a transport tells them: path and text apart. */
export class Findings extends Problems {
  readonly violations: Violation[] = [];

  override add(path: string, problem: string): void {
    this.violations.push({ path, problem });
  }
}
