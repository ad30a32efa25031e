import type { Route } from '../protocol/route.js';
import { type AcceptedEffect, type ArrivalEffect, type Fault, type FaultEffect, isAcceptedEffect } from './fault.js';

/** A fault in force, as `GET /_emulator/faults` shows it. */
export interface ActiveFault extends Fault {
  /** How often it struck. */
  struck: number;
}

/** The faults in force. The first that matches a request strikes; one that is used up or loses the draw lets the next try. */
export class FaultList {
  private faults: ActiveFault[] = [];

  constructor(private readonly random: () => number) {}

  replace(faults: readonly Fault[]): void {
    this.faults = faults.map((fault) => ({ ...fault, struck: 0 }));
  }

  list(): readonly ActiveFault[] {
    return this.faults;
  }

  /** What happens to a request as it arrives. */
  onArrival(route: Route): ArrivalEffect | undefined {
    return this.strike(route, (effect): effect is ArrivalEffect => !isAcceptedEffect(effect));
  }

  /** What happens once the operation is found valid, and has something to do. */
  onAccepted(route: Route): AcceptedEffect | undefined {
    const changes = route.operation === 'publish' || route.operation === 'consume' ? 'drop-ack' : 'duplicate';
    return this.strike(
      route,
      (effect): effect is AcceptedEffect =>
        isAcceptedEffect(effect) && effect !== changes && !(effect === 'duplicate' && route.ordered),
    );
  }

  private strike<E extends FaultEffect>(route: Route, applies: (effect: FaultEffect) => effect is E): E | undefined {
    if (this.faults.length === 0) return undefined;
    for (const fault of this.faults) {
      const { effect, operation, topic, group, times, probability } = fault;
      if (!applies(effect)) continue;
      if (operation !== undefined && operation !== route.operation) continue;
      if (topic !== undefined && topic !== route.topic) continue;
      if (group !== undefined && group !== route.group) continue;
      if (times !== undefined && fault.struck >= times) continue;
      if (probability !== undefined && this.random() >= probability) continue;
      fault.struck++;
      return effect;
    }
    return undefined;
  }
}
