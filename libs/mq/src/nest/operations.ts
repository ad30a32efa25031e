import type { Heartbeat } from '../core/nodes/heartbeat.js';
import type { PauseBoard } from '../core/pauses/pause-board.js';
import type { ActionStore } from '../core/store/action-store.js';
import type { NodeStore } from '../core/store/node-store.js';
import type { PauseStore } from '../core/store/pause-store.js';

/** What one connection has for those who operate the application. */
export interface Operations {
  readonly nodes: NodeStore;
  readonly pauses: PauseStore;
  readonly actions: ActionStore;
  /** What is paused, as this process knows it. */
  readonly board: PauseBoard;
  readonly heartbeat: Heartbeat;
}
