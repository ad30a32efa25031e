import { SingleFlight } from '../core/runtime/single-flight.js';
import { systemClock } from '../core/runtime/system-clock.js';
import type { Relay } from '../core/relay/relay.js';
import type { LaneState, OutboxStore } from '../core/store/outbox-store.js';

/** Nobody reads an answer that comes later: the line about the outage is due, or the probe of health is over. */
const ANSWER_MS = 3_000;

/** Counts what waits in the outbox for this process's broker. Whoever asks while another asks gets the same answer: topics are often away together. */
export class WaitingMessages {
  private readonly lanes: SingleFlight<LaneState[]>;

  constructor(
    outbox: Pick<OutboxStore<never>, 'unfinishedLanes'>,
    private readonly relay: Pick<Relay, 'lanes'>,
  ) {
    this.lanes = new SingleFlight(() => outbox.unfinishedLanes(), systemClock, ANSWER_MS);
  }

  /**
   * Up to 1,000 of each topic, and of no topic that is paused. `null` when the database does not answer in time.
   * @param topic at the broker; all of them unless given
   */
  async count(topic?: string): Promise<number | null> {
    const lanes = await this.unfinished();
    if (lanes === null) return null;
    return (
      lanes
        // What is paused waits for somebody's word, and not for the broker.
        .filter((lane) => this.relay.lanes.has(lane) && !lane.paused && (topic === undefined || lane.topic === topic))
        .reduce((sum, { waiting }) => sum + waiting, 0)
    );
  }

  private async unfinished(): Promise<LaneState[] | null> {
    try {
      const answer = await this.lanes.ask();
      return 'value' in answer ? answer.value : null;
    } catch {
      return null;
    }
  }
}
