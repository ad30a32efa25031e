import { tryParseBytes } from '../core/runtime/bytes.js';
import { tryParseDuration } from '../core/runtime/duration.js';
import { nearest } from '../core/runtime/nearest.js';
import { UsageError } from './usage-error.js';

/** Arguments and options of a command line by their names, `maxTime` for `--max-time`. What was not given is absent. */
export type Values = Readonly<Record<string, unknown>>;

/** `500ms`, `10s`, `5m`, `1h`, `7d`, as milliseconds. */
export function duration(typed: string, flags: string): number {
  const ms = tryParseDuration(typed);
  if (ms === undefined) throw new UsageError(`${flags}: "${typed}" is no duration; write 500ms, 10s, 5m, 1h or 7d`);
  return ms;
}

/** `512M`, `512MB`, `1G`, as bytes. */
export function bytes(typed: string, flags: string): number {
  const value = tryParseBytes(/[kmg]$/i.test(typed) ? `${typed}B` : typed);
  if (value === undefined) throw new UsageError(`${flags}: "${typed}" is no size; write 512M or 1G`);
  return value;
}

/** A whole number from 1. */
export function count(typed: string, flags: string): number {
  if (!/^[1-9]\d{0,8}$/.test(typed)) throw new UsageError(`${flags}: "${typed}" is no whole number from 1`);
  return Number(typed);
}

/** A whole number from 0. */
export function countFromZero(typed: string, flags: string): number {
  if (!/^\d{1,9}$/.test(typed)) throw new UsageError(`${flags}: "${typed}" is no whole number from 0`);
  return Number(typed);
}

/** One of a list of words. */
export function oneOf(...known: readonly string[]): (typed: string, flags: string) => string {
  return (typed, flags) => {
    if (known.includes(typed)) return typed;
    const near = nearest(typed, known);
    const hint = near === undefined ? '' : ` The nearest is: ${near}.`;
    throw new UsageError(`${flags}: there is no such value "${typed}".${hint} Known: ${known.join(', ')}`);
  };
}

/** `50/s`, `100/m`, `20/h`, or `50` for as many a second: pieces a second. */
export function rate(typed: string, flags: string): number {
  const [, amount, unit = 's'] = /^(\d{1,9}(?:\.\d+)?)(?:\/(s|m|h))?$/.exec(typed) ?? [];
  const perSecond = Number(amount) / { s: 1, m: 60, h: 3_600 }[unit as 's' | 'm' | 'h'];
  if (!(perSecond > 0)) throw new UsageError(`${flags}: "${typed}" is no rate; write 50/s, 100/m or 20/h`);
  return perSecond;
}

const INSTANT = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?(?:Z|[+-]\d\d:\d\d))?$/;

/** `2026-11-28T09:30Z`, with the zone that is meant; a day alone begins at midnight, UTC. */
export function instant(typed: string, flags: string): Date {
  const at = new Date(INSTANT.test(typed) && isDay(typed.slice(0, 10)) ? typed : NaN);
  if (Number.isNaN(at.getTime()))
    throw new UsageError(
      `${flags}: "${typed}" is no time; write 2026-11-28T09:30Z, 2026-11-28T09:30+01:00 or 2026-11-28`,
    );
  return at;
}

/** A 31st of November would else be taken for the 1st of December. */
function isDay(day: string): boolean {
  const midnight = new Date(day);
  return !Number.isNaN(midnight.getTime()) && midnight.toISOString().startsWith(day);
}

/** An {@link instant}, or a duration that counts back from now. */
export function instantOrAgo(typed: string, flags: string): Date | number {
  const ago = tryParseDuration(typed);
  if (ago !== undefined) return ago;
  try {
    return instant(typed, flags);
  } catch {
    throw new UsageError(
      `${flags}: "${typed}" is neither a time nor a duration; write 2026-11-28T09:30Z, or 2h for two hours ago`,
    );
  }
}
