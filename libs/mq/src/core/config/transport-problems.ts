import type { Violation } from '../transport/transport.js';
import { Problems } from './problems.js';

/** Collects the {@link Problems} of a transport's options as violations: path and text apart. */
export class TransportProblems extends Problems {
  readonly violations: Violation[] = [];

  override add(path: string, problem: string): void {
    this.violations.push({ path, problem });
  }
}
