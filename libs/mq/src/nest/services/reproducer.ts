import type { Relay } from '../../core/relay/relay.js';
import type { TickResult } from '../../core/relay/relay-tick.js';
import type { ReproduceSchedule } from '../lifecycle/reproduce-schedule.js';
import { ReproduceService } from './reproduce.service.js';

/** {@link ReproduceService} on the relay of one connection. */
export class Reproducer extends ReproduceService {
  constructor(
    private readonly relay: Relay,
    private readonly schedule: ReproduceSchedule,
  ) {
    super();
  }

  runOnce(): Promise<TickResult> {
    return this.relay.loop.runOnce();
  }

  start(): void {
    this.schedule.start();
  }

  stop(): Promise<void> {
    return this.schedule.stop();
  }
}
