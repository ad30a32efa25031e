import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs, { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MqLogger } from 'nestjs-reliable-mq';
import { dailyLog } from 'nestjs-reliable-mq/daily-log';
import { BUILD_TIMEOUT_MS, ensureBuilt } from '../support/built.js';

const PROGRAM = join(__dirname, 'support/daily-log-program.mjs');
const DAY_MS = 24 * 3_600_000;

let folder: string;
let said: string[];
let now: number;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'daily-log-'));
  now = new Date(2026, 10, 27, 12).getTime();
  said = [];
  jest.spyOn(process.stderr, 'write').mockImplementation((text) => said.push(String(text)) > 0);
});
afterEach(() => {
  jest.restoreAllMocks();
  rmSync(folder, { recursive: true, force: true });
});

const open = (days?: number, path = join(folder, 'queue.log')): MqLogger =>
  dailyLog({ path, ...(days && { days }) }, { now: () => now });
const files = (): string[] => readdirSync(folder).sort();
const linesOf = (file: string): object[] =>
  readFileSync(join(folder, file), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as object);

it('writes lines of JSON, a file for each day', () => {
  const logger = open();
  logger.log({ event: 'boot.started', message: 'one' });
  now += DAY_MS;
  logger.error('two');
  expect(files()).toEqual(['queue-2026-11-27.log', 'queue-2026-11-28.log']);
  const head = { time: expect.stringMatching(/^2026-11-2.T/), pid: process.pid };
  expect(linesOf(files()[0]!)).toEqual([{ ...head, level: 'log', event: 'boot.started', message: 'one' }]);
  expect(linesOf(files()[1]!)).toEqual([{ ...head, level: 'error', message: 'two' }]);
});

it('deletes what is older than its days, and nothing else', () => {
  for (const other of ['queue-notes.log', 'queue-2020-01-01.txt', 'other-2020-01-01.log', 'queue-2026-11-24.log'])
    writeFileSync(join(folder, other), '');
  const logger = open(3);
  for (let day = 0; day < 4; day++, now += DAY_MS) logger.log('x');
  expect(files()).toEqual([
    'other-2020-01-01.log',
    'queue-2020-01-01.txt',
    'queue-2026-11-28.log',
    'queue-2026-11-29.log',
    'queue-2026-11-30.log',
    'queue-notes.log',
  ]);
});

it('refuses days that would delete every file, that of today among them', () => {
  for (const days of [NaN, 0, -1, 1.5, '7'])
    expect(() => dailyLog({ path: join(folder, 'queue.log'), days: days as number })).toThrow(
      expect.objectContaining({ code: 'MQ_CONFIG_INVALID' }),
    );
});

it('makes its folder, and makes it again if somebody has deleted it', () => {
  const logger = open(50, join(folder, 'a/b/queue.log'));
  logger.log('x');
  rmSync(join(folder, 'a'), { recursive: true });
  now += DAY_MS;
  logger.log('y');
  expect(readdirSync(join(folder, 'a/b'))).toEqual(['queue-2026-11-28.log']);
});

it('a full disk loses lines, says so once, and says when it is over', () => {
  const target = join(folder, 'queue-2026-11-27.log');
  symlinkSync('/dev/full', target);
  const logger = open();
  for (let n = 0; n < 5; n++) logger.log(`lost ${n}`);
  expect(said).toEqual([expect.stringMatching(/^dailyLog cannot write to .*ENOSPC.*this is said once\n$/)]);
  rmSync(target);
  logger.log('there');
  logger.log('and there');
  expect(linesOf('queue-2026-11-27.log')).toMatchObject([{ message: 'there' }, { message: 'and there' }]);
  expect(said).toEqual([expect.anything(), expect.stringContaining('again; 5 lines lost')]);
});

it('a folder that cannot be made disturbs nobody', () => {
  writeFileSync(join(folder, 'file'), '');
  const logger = open(50, join(folder, 'file/queue.log'));
  expect(() => logger.log('x')).not.toThrow();
  expect(said).toHaveLength(1);
});

it('a line that went half to a full disk spoils no other', () => {
  const logger = open();
  logger.log('first');
  const write = fs.writeSync as (file: number, bytes: Buffer, from: number, length: number) => number;
  const disk = jest
    .spyOn(fs, 'writeSync')
    .mockImplementationOnce((file, bytes) => write(file, bytes as unknown as Buffer, 0, 10))
    .mockImplementationOnce(() => {
      throw new Error('ENOSPC: no space left on device');
    });
  logger.log('torn');
  disk.mockRestore();
  logger.log('last');
  const lines = readFileSync(join(folder, 'queue-2026-11-27.log'), 'utf8').trimEnd().split('\n');
  expect(
    lines.filter((line) => line.endsWith('}')).map((line) => (JSON.parse(line) as { message: string }).message),
  ).toEqual(['first', 'last']);
  expect(lines).toHaveLength(3);
  expect(said).toHaveLength(2);
});

describe('several processes', () => {
  beforeAll(ensureBuilt, BUILD_TIMEOUT_MS);

  it('write to one path without losing or mixing a line', async () => {
    const COUNT = 5_000;
    const writers = ['a', 'b', 'c'].map((name) =>
      spawn(process.execPath, [PROGRAM, join(folder, 'queue.log'), name, String(COUNT)], { stdio: 'inherit' }),
    );
    await Promise.all(writers.map((writer) => once(writer, 'exit')));
    // The clock may pass midnight.
    const lines = files().flatMap(linesOf) as { name: string; n: number }[];
    for (const name of ['a', 'b', 'c'])
      expect(lines.filter((line) => line.name === name).map(({ n }) => n)).toEqual([...Array(COUNT).keys()]);
  });
});
