import type { MqExplanation } from '../../core/explain/explanation.js';
import { oneLine } from '../../core/runtime/one-line.js';
import { instantText } from './duration-text.js';

/** An explanation as lines: the state, why, what happens next, and what somebody has to do. */
export function explanationText({ messageId, state, because, next, todo }: MqExplanation, now: Date): string[] {
  const lines = [`${messageId}  ${state}`];
  because.forEach(({ text }, i) => lines.push(`  ${i === 0 ? 'because' : '       '}  ${text}`));
  const at = next?.at ? `${instantText(next.at, now)}, ` : '';
  lines.push(`  next     ${next === null ? 'nothing more happens by itself' : `${at}${next.by}: ${next.what}`}`);
  if (todo !== undefined) lines.push(`  to do    ${todo}`);
  return lines.map(oneLine);
}
