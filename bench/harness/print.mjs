/** @typedef {import('./rows.mjs').Row} Row */
const COLUMNS = ['', 'database', 'beside', '/s', 'µs', 'ours', '/s', 'µs', 'result', '(min-max)', 'aim', ''];

/**
 * The rows of one scenario as a Markdown table. `µs`: processor time of this process for each message or transaction.
 *
 * @param {Row[]} rows
 */
export function table(rows) {
  const lines = [COLUMNS, ...rows.map(cells)];
  const widths = COLUMNS.map((_, column) => Math.max(3, ...lines.map((line) => line[column].length)));
  /** @param {string[]} line */
  const render = (line) => `| ${line.map((cell, column) => cell.padEnd(widths[column])).join(' | ')} |`;
  return [render(lines[0]), render(widths.map((width) => '-'.repeat(width))), ...lines.slice(1).map(render)].join('\n');
}

/** @param {Row} options */
function cells({ what, database, base, subject, value, spread, unit, aim, met, noisy, note }) {
  const digits = unit === '/s' && value >= 10 ? 0 : 2;
  /** @param {number} number */
  const show = (number) => number.toFixed(digits);
  return [
    what,
    database,
    base?.name ?? '',
    whole(base?.perSecond),
    whole(base?.cpuMicros),
    subject?.name ?? '',
    whole(subject?.perSecond),
    whole(subject?.cpuMicros),
    `${show(value)}${unit === 'x' ? ' x' : ` ${unit}`}`,
    `${spread.map(show).join('-')}`,
    aim ? (aim.atLeast !== undefined ? `>= ${aim.atLeast}` : `<= ${aim.atMost}`) : '',
    [met === undefined ? '' : met ? 'met' : 'missed', noisy ? 'noisy' : '', note ?? ''].filter(Boolean).join(', '),
  ];
}

/** @param {number | undefined} number */
function whole(number) {
  return number === undefined ? '' : number.toFixed(0);
}
