import type { MqTimeline } from '../../core/explain/timeline.js';
import { oneLine } from '../../core/runtime/one-line.js';
import { durationText } from './duration-text.js';

/** What has happened to a message, a line for each entry: when, how long after the one before, what, in which group, by whom. */
export function timelineText({ messageId, key, topic, correlationId, entries }: MqTimeline): string[] {
  const about = [
    topic && `topic ${topic}`,
    key !== messageId && `key ${key}`,
    correlationId !== messageId && `correlation ${correlationId}`,
  ]
    .filter(Boolean)
    .join(', ');
  const cells = entries.map(({ at, what, group, text, instance }, i) => {
    const before = entries[i - 1]?.at ?? at;
    return [
      at.toISOString(),
      i === 0 ? '' : `+${durationText(at.getTime() - before.getTime())}`,
      what,
      group ?? '',
      instance === undefined ? text : `${text} (${instance})`,
    ];
  });
  return [[messageId, about].filter(Boolean).join('  '), ...aligned(cells).map((line) => `  ${line}`)].map(oneLine);
}

/** Columns one under the other; the last one is as long as it is. One that is empty everywhere is left out. */
function aligned(lines: readonly (readonly string[])[]): string[] {
  const widths = (lines[0] ?? []).map((_, i) => Math.max(...lines.map((line) => line[i]!.length)));
  return lines.map((line) =>
    line
      .flatMap((cell, i) => (widths[i] === 0 ? [] : [cell.padEnd(i === line.length - 1 ? 0 : widths[i]!)]))
      .join('  '),
  );
}
