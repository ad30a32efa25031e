import { type ExplainState, MqAdminService, type MqExplanation } from 'nestjs-reliable-mq';
import { eventually } from '../../support/eventually.js';
import type { Node } from '../../support/node/node.js';

export interface Expected {
  /** Of the first reason. */
  readonly text: RegExp;
  /** Who does something next; `null`: nobody. */
  readonly by: string | RegExp | null;
  /** Whether it is known when. */
  readonly at?: boolean;
  readonly todo?: RegExp;
  /** Codes of the other reasons, those that are asked for. */
  readonly also?: readonly string[];
  /** Done before each look, where a process that works on may undo it. */
  readonly first?: () => Promise<unknown>;
}

/** States that were produced, for the test that asks for all of them. */
export const produced = new Set<ExplainState>();

/** Waits until `explain` says this of a message: what processes tell about themselves is up to ten seconds old. */
export async function explained(
  { app }: Pick<Node, 'app'>,
  id: string,
  state: ExplainState,
  { text, by, at = false, todo, also = [], first }: Expected,
): Promise<MqExplanation> {
  const admin = app.get(MqAdminService);
  const found = await eventually(
    async () => {
      await first?.();
      const [explanation] = await admin.explain(id);
      expect(explanation).toMatchObject({ state });
      return explanation;
    },
    { what: `${id} being ${state}`, intervalMs: 200, timeoutMs: 60_000 },
  );
  expect(found.because[0]).toMatchObject({ code: state, text: expect.stringMatching(text) as string });
  const { next } = found;
  if (by === null) expect(next).toBeNull();
  else if (typeof by === 'string') expect(next?.by).toBe(by);
  else expect(next?.by).toMatch(by);
  if (by !== null) expect(next?.at !== null).toBe(at);
  if (todo === undefined) expect(found).not.toHaveProperty('todo');
  else expect(found.todo).toMatch(todo);
  expect(found.because.map(({ code }) => code)).toEqual(expect.arrayContaining([...also]));
  produced.add(state);
  return found;
}
