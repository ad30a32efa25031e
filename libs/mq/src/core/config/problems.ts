import { tryParseBytes } from '../runtime/bytes.js';
import { tryParseDuration } from '../runtime/duration.js';

/**
 * Collects what is wrong with a configuration, each finding with its path, so that all of it is told at once.
 * A reader answers `fallback` for what is absent or wrong: reading goes on, and nobody uses the result of a
 * configuration that has problems.
 */
export class Problems {
  readonly list: string[] = [];

  /** A problem that is found twice is told once: each group reads what it does not set itself from `consume`. */
  add(path: string, problem: string): void {
    const line = `${path}: ${problem}`;
    if (!this.list.includes(line)) this.list.push(line);
  }

  /** The value as an object with no keys but these. */
  object(path: string, value: unknown, known: readonly string[]): Record<string, unknown> {
    if (value === undefined) return {};
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      this.add(path, `must be an object, is ${show(value)}; known here: ${known.join(', ')}`);
      return {};
    }
    for (const key of Object.keys(value)) {
      if (!known.includes(key)) this.add(join(path, key), `unknown option; known here: ${known.join(', ')}`);
    }
    return value as Record<string, unknown>;
  }

  /** The value as a map of anything by name. */
  record(path: string, value: unknown): [string, unknown][] {
    if (value === undefined) return [];
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      this.add(path, `must be an object, is ${show(value)}`);
      return [];
    }
    return Object.entries(value);
  }

  text(path: string, value: unknown, fallback = ''): string {
    if (value === undefined) return fallback;
    if (typeof value !== 'string') {
      this.add(path, `must be a text, is ${show(value)}`);
      return fallback;
    }
    return value;
  }

  requiredText(path: string, value: unknown): string {
    if (value === undefined || value === '') this.add(path, 'is required');
    return this.text(path, value);
  }

  flag(path: string, value: unknown, fallback: boolean): boolean {
    if (value === undefined) return fallback;
    if (typeof value !== 'boolean') {
      this.add(path, `must be true or false, is ${show(value)}`);
      return fallback;
    }
    return value;
  }

  count(path: string, value: unknown, fallback: number, max = 1_000_000): number {
    if (value === undefined) return fallback;
    if (typeof value !== 'number' || !Number.isInteger(value) || value < 1 || value > max) {
      this.add(path, `must be a whole number from 1 to ${max}, is ${show(value)}`);
      return fallback;
    }
    return value;
  }

  duration(path: string, value: unknown, fallback: string, { min = 0 }: { min?: number } = {}): number {
    const ms = tryParseDuration(value ?? fallback);
    if (ms === undefined) {
      this.add(path, `${show(value)} is no duration; write milliseconds or '500ms', '10s', '5m', '1h', '7d'`);
      return tryParseDuration(fallback)!;
    }
    if (ms < min) this.add(path, `must be at least ${min} ms, is ${ms} ms`);
    return ms;
  }

  bytes(path: string, value: unknown, fallback: string, { min = 1 }: { min?: number } = {}): number {
    const bytes = tryParseBytes(value ?? fallback);
    if (bytes === undefined) {
      this.add(path, `${show(value)} is no size; write bytes or '512KB', '64MB', '1GB'`);
      return tryParseBytes(fallback)!;
    }
    if (bytes < min) this.add(path, `must be at least ${min} bytes, is ${bytes}`);
    return bytes;
  }

  oneOf<T extends string>(path: string, value: unknown, allowed: readonly T[], fallback: T): T {
    if (value === undefined) return fallback;
    if (!allowed.includes(value as T)) {
      this.add(path, `must be one of ${allowed.map((name) => `'${name}'`).join(', ')}, is ${show(value)}`);
      return fallback;
    }
    return value as T;
  }

  function<F>(path: string, value: unknown): F | null {
    if (value === undefined || value === null) return null;
    if (typeof value !== 'function') {
      this.add(path, `must be a function, is ${show(value)}`);
      return null;
    }
    return value as F;
  }
}

export function join(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`;
}

/** Short, and without contents: an option may hold a secret that ended up in the wrong place. */
function show(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'string') return value.length <= 40 ? JSON.stringify(value) : 'a long text';
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return `a ${typeof value}`;
}
