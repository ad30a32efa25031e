import { readFileSync } from 'node:fs';

/**
 * The most memory that this process ever took, in MiB. Where Linux tells it for the program alone, from there: what
 * `getrusage` says begins with the memory of the process that started this one, which is a worker of jest.
 */
export function peakMemoryMib() {
  let kib = process.resourceUsage().maxRSS;
  try {
    kib = Number(/^VmHWM:\s*(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? kib);
  } catch {
    // Another system, where the two are the same.
  }
  return Math.round(kib / 1_024);
}
