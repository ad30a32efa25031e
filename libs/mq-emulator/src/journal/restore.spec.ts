import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { Broker } from '../broker/broker.js';
import type { Message } from '../broker/message.js';
import type { Batch } from '../broker/subscription.js';
import { TagFilter } from '../broker/tag-filter.js';
import { ManualClock } from '../runtime/manual-clock.js';
import { FileJournal } from './file-journal.js';
import { JournalFile } from './journal-file.js';
import { Restore } from './restore.js';

const NEVER = new AbortController().signal;
const DAY = 86_400_000;

const pick = <T>(...values: T[]) => fc.constantFrom(...values);
const action = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ do: pick('publish' as const), key: pick(undefined, 'k', 'l'), tag: pick('a', 'b') }),
  },
  { weight: 1, arbitrary: fc.record({ do: pick('schedule' as const), delay: pick(5_000, 100_000) }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: pick('half' as const), decision: pick('commit' as const, 'rollback' as const) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: pick('consume' as const),
      group: pick('G', 'H'),
      max: pick(1, 3),
      tags: pick('*', 'a'),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: pick('ack' as const), index: fc.nat(3) }) },
  { weight: 2, arbitrary: fc.record({ do: pick('advance' as const), ms: pick(1_000, 30_000, 90_000) }) },
  { weight: 1, arbitrary: fc.record({ do: pick('restart' as const) }) },
);

/** A broker on a real file, which can be thrown away and built again from what it wrote. */
class World {
  readonly clock = new ManualClock(1_000_000_000_000);
  broker!: Broker;
  private journal!: FileJournal;
  private nextId = 0;
  private readonly handed: { group: string; batch: Batch }[] = [];

  constructor(
    private readonly path: string,
    private readonly ordered: Record<string, boolean>,
  ) {
    this.open();
  }

  private open(): void {
    const restore = new Restore();
    const file = JournalFile.open(this.path, (record) => restore.apply(record), fail);
    // Small enough to compact all the time.
    this.journal = new FileJournal(file, () => this.broker.snapshot(), fail, 2_000);
    const times = { invisible: 60_000, invisibleOrdered: 60_000, retention: DAY, maxAttempts: 3 };
    const rest = { clock: this.clock, journal: this.journal, log: () => {}, startFrom: 'beginning' as const };
    this.broker = new Broker({ ...times, ...rest });
    restore.into(this.broker, this.clock.now());
  }

  restart(): void {
    this.broker.close();
    this.journal.close();
    this.open();
  }

  async run(step: typeof action extends fc.Arbitrary<infer T> ? T : never): Promise<void> {
    const topic = this.broker.topic('I', 't');
    switch (step.do) {
      case 'publish':
        return void (await topic.publish(this.message({ shardingKey: step.key, tag: step.tag })));
      case 'schedule':
        return void (await topic.publish(this.message({ deliverAt: this.clock.now() + step.delay })));
      case 'half': {
        const handle = await topic.publish(this.message({ checkAfter: 10_000 }));
        return void (await topic.decide(handle ?? '', step.decision));
      }
      case 'consume': {
        const request = { max: step.max, filter: TagFilter.parse(step.tags), ordered: this.ordered[step.group] };
        const batch = await topic.subscribe(step.group).polls.poll(request, 0, NEVER);
        if (batch) this.handed.push({ group: step.group, batch });
        return this.journal.written();
      }
      case 'ack': {
        const { group, batch } = this.handed.at(-1 - step.index) ?? {};
        for (const { receiptHandle } of batch?.delivered.slice(0, 2) ?? [])
          topic.subscribe(group ?? '').ack(receiptHandle);
        return this.journal.written();
      }
      case 'advance':
        this.clock.advance(step.ms);
        return this.journal.written();
      case 'restart':
        return this.restart();
    }
  }

  /** Everything that the group can still get, in the order in which it comes. */
  async drain(group: string): Promise<string[]> {
    const seen: string[] = [];
    for (let empty = 0; empty < 3;) {
      const request = { max: 16, filter: TagFilter.all, ordered: this.ordered[group] };
      const batch = await this.broker.topic('I', 't').subscribe(group).polls.poll(request, 0, NEVER);
      if (!batch) {
        empty++;
        this.clock.advance(60_000);
        continue;
      }
      seen.push(...batch.delivered.map(({ message, consumedTimes }) => `${message.id} ${consumedTimes}`));
      batch.delivered.forEach(({ receiptHandle }) => this.broker.topic('I', 't').subscribe(group).ack(receiptHandle));
    }
    return seen.sort();
  }

  close(): void {
    this.broker.close();
    this.journal.close();
  }

  private message(values: Partial<Message>): Message {
    const id = String(++this.nextId).padStart(4, '0');
    return { id, body: `body ${id}`, md5: '', properties: '', publishTime: this.clock.now(), ...values };
  }
}

function fail(line: string): never {
  throw new Error(line);
}

describe('a restored broker', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'mq-emulator-restore-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  it('is in the state of the one that wrote the journal, whatever happened', async () => {
    let run = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(action, { maxLength: 60 }), fc.boolean(), async (steps, ordered) => {
        const world = new World(join(folder, `${++run}.jsonl`), { G: ordered, H: !ordered });
        await world.run({ do: 'publish', key: undefined, tag: 'a' });
        for (const step of steps) await world.run(step);
        const before = world.broker.state();
        world.restart();
        expect(world.broker.state()).toEqual(before);
        world.close();
      }),
      { numRuns: 150 },
    );
  });

  it('delivers what the one that wrote the journal would have delivered', async () => {
    let run = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(action, { maxLength: 40 }), async (steps) => {
        const results: string[][][] = [];
        const name = join(folder, `${++run}`);
        for (const restarts of [false, true]) {
          const world = new World(`${name}-${restarts}.jsonl`, { G: true, H: false });
          for (const step of steps) if (step.do !== 'restart') await world.run(step);
          if (restarts) world.restart();
          results.push([await world.drain('G'), await world.drain('H')]);
          world.close();
        }
        expect(results[1]).toEqual(results[0]);
      }),
      { numRuns: 100 },
    );
  });
});
