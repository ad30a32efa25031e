import type { ErrorMeasure } from '../../core/store/metrics-store.js';

const MOST_CLASSES = 20;
const OTHER = '_other';
/** What a class can be called. An error may carry any text as its name, a payload even. */
const CLASS_NAME = /^[A-Za-z_$][\w$]{0,63}$/;

export interface ErrorSeries {
  /** Empty for messages that could not be sent. */
  readonly group: string;
  readonly class: string;
  readonly count: number;
}

/** Parked messages by group and class of error: the 20 most frequent classes, all others together as `_other`. */
export function classLabels(errors: readonly ErrorMeasure[]): ErrorSeries[] {
  const perClass = new Map<string, number>();
  for (const { errorClass, count } of errors) {
    if (CLASS_NAME.test(errorClass)) perClass.set(errorClass, (perClass.get(errorClass) ?? 0) + count);
  }
  const frequent = [...perClass].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)).slice(0, MOST_CLASSES);
  const named = new Set(frequent.map(([name]) => name));
  const series = new Map<string, ErrorSeries>();
  for (const { group, errorClass, count } of errors) {
    const labels = { group: group ?? '', class: named.has(errorClass) ? errorClass : OTHER };
    const key = JSON.stringify(labels);
    series.set(key, { ...labels, count: (series.get(key)?.count ?? 0) + count });
  }
  // One is always there, so that "none" can be told from "nobody has looked".
  if (series.size === 0) series.set('', { group: '', class: OTHER, count: 0 });
  return [...series.values()];
}
