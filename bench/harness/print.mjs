const COLUMNS = ['', 'database', 'beside', '/s', 'µs', 'ours', '/s', 'µs', 'result', '(min-max)', 'aim', ''];

/** The rows of one scenario as a Markdown table. `µs`: processor time of this process for each message or transaction. */
export function table(rows) {
  const lines = [COLUMNS, ...rows.map(cells)];
  const widths = COLUMNS.map((_, column) => Math.max(3, ...lines.map((line) => line[column].length)));
  const render = (line) => `| ${line.map((cell, column) => cell.padEnd(widths[column])).join(' | ')} |`;
  return [render(lines[0]), render(widths.map((width) => '-'.repeat(width))), ...lines.slice(1).map(render)].join('\n');
}

function cells({ what, database, base, subject, value, spread, unit, aim, met, noisy, note }) {
  const digits = unit === '/s' && value >= 10 ? 0 : 2;
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

function whole(number) {
  return number === undefined ? '' : number.toFixed(0);
}
