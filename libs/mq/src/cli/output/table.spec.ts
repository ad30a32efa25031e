import { renderTable } from './table.js';

const ROWS = [
  { id: '0197f1c2-8a30', status: 'PARKED', error: 'MQ_HANDLER_FAILED: there is no such sku', attempts: 12 },
  { id: '0197f1c2-8a31', status: 'DEAD', error: 'a\nb', attempts: 3 },
];
const lines = (text: string): string[] => text.split('\n').slice(0, -1);

describe('renderTable', () => {
  it('cuts nothing where nothing has to fit, and has numbers to the right', () => {
    expect(lines(renderTable(ROWS, undefined, null))).toEqual([
      'id             status  error                                    attempts',
      '0197f1c2-8a30  PARKED  MQ_HANDLER_FAILED: there is no such sku        12',
      '0197f1c2-8a31  DEAD    a b                                             3',
    ]);
  });

  it('fits a terminal: the widest columns give way, and never those that are copied from', () => {
    const columns = [{ key: 'id', whole: true }, { key: 'status' }, { key: 'error', title: 'why' }];
    const text = lines(renderTable(ROWS, columns, 40));
    expect(text[1]).toBe('0197f1c2-8a30  PARKED  MQ_HANDLER_FAILE…');
    expect(Math.max(...text.map((line) => line.length))).toBe(40);
    // Too narrow for all of it: what has to be whole is, the others keep eight letters.
    expect(lines(renderTable(ROWS, columns, 10))[1]).toBe('0197f1c2-8a30  PARKED  MQ_HAND…');
  });

  it('counts letters of East Asia twice', () => {
    const text = lines(renderTable([{ key: '注文一二三四五', n: 'x' }], undefined, 13));
    expect(text[1]).toBe('注文一二…   x');
  });

  it('has its titles alone where there is nothing', () => {
    expect(renderTable([], [{ key: 'id' }, { key: 'status' }], 80)).toBe('id  status\n');
  });
});
