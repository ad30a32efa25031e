import { randomBytes } from 'node:crypto';
import { DataSource } from 'typeorm';
import { runMqMigrations } from 'nestjs-reliable-mq/typeorm';
import { startDatabaseProxy } from './database-proxy.mjs';
import { FOREIGN, startForeignProducer } from './foreign-producer.mjs';
import { BROKER_KILL_POINTS, killPoints } from './kill-points.mjs';
import { Victim } from './process.mjs';
import { check, render } from './verdict.mjs';

/** @typedef {import('./kill-points.mjs').KillPoint} KillPoint */
/**
 * One place in the system that always has a process in it.
 *
 * @typedef {object} Place
 * @property {string} role
 * @property {import('./observed-broker.mjs').Victim} victim
 * @property {Awaited<ReturnType<typeof startDatabaseProxy>>} [proxy] none for the broker
 * @property {string} [caller] none for whom nobody comes by
 * @property {number} kills
 * @property {Promise<void>} ready
 */
/** @typedef {{ name: string, transport: string, startBroker: import('./observed-broker.mjs').StartObservedBroker, database: string, serverUrl: string, only: string, killsPerStep: number, brokerKills: number }} KillTestOptions */

/** A kill point that no process reaches for this long is a hole in the test, and fails it. */
const FIRE_MS = 300_000;
/** As long as a dead process keeps its rows: what stands behind one of them has been claimed by then, or never will be. */
const AGAIN_MS = 9_000;
/** Longer than the longest lease of a message whose consumer has died, 21 s, some times over. */
const STUCK_MS = 180_000;
/** Nothing listens there: who publishes through it leaves everything to the relay. */
const DEAD_BROKER = '127.0.0.1:9';

/** One run of one transport on one database. */
export class KillTest {
  /** @type {(() => Promise<unknown>)[]} */
  #cleanUps = [];
  #kills = 0;
  // Set by `run`, in this order.
  /** @type {URL} */
  databaseUrl;
  /** @type {DataSource} */
  database;
  /** @type {import('./observed-broker.mjs').ObservedBroker} */
  broker;

  /** @param {KillTestOptions} options */
  constructor({ name, transport, startBroker, database, serverUrl, only, killsPerStep, brokerKills }) {
    this.name = name;
    this.transport = transport;
    this.startBroker = startBroker;
    this.serverUrl = new URL(serverUrl);
    this.only = only;
    this.killsPerStep = killsPerStep;
    this.brokerKills = brokerKills;
    /** @type {'postgres' | 'mysql'} */
    this.type = database === 'postgres' ? 'postgres' : 'mysql';
  }

  async run() {
    const began = performance.now();
    await this.#createDatabase();
    this.broker = await this.startBroker();
    this.#cleanUps.push(() => this.broker.close());
    const places = await this.#startVictims();
    const foreign = await startForeignProducer(this.transport, await this.broker.entrance());
    this.#cleanUps.push(() => foreign.stop());

    /** @type {Map<string, number>} */
    const byStep = new Map();
    for (const point of this.#schedule(places)) {
      const label = labelOf(point);
      const killed = this.#killAt(point, await nextOf(places, point.role));
      if (point.needs) await this.#killUntil(killed, point.needs, places);
      await killed;
      byStep.set(label, (byStep.get(label) ?? 0) + 1);
      if (++this.#kills % 10 === 0) {
        const { stored } = await this.broker.account();
        console.log(`${this.name}: ${this.#kills} kills, ${stored.length} messages at the broker, ${seconds(began)} s`);
      }
    }

    console.log(`${this.name}: ${this.#kills} kills done; publishers stop, the rest finishes its work`);
    await Promise.all(places.map(({ ready }) => ready));
    for (const { victim } of places.filter(({ role }) => role === 'publisher' || role === 'feeder'))
      await victim.stop();
    await foreign.stop();
    await this.#heal(foreign.confirmed);
    for (const { victim } of places) await victim.stop();
    const verdict = await check(
      this.database,
      await this.broker.account(),
      this.broker.outcomes.unknown(),
      {
        kills: places.filter(({ role }) => role !== 'broker').reduce((sum, place) => sum + place.kills, 0),
        brokerKills: places.filter(({ role }) => role === 'broker').reduce((sum, place) => sum + place.kills, 0),
        processErrors: places.flatMap(({ victim }) => victim.errors),
      },
      foreign.confirmed,
    );
    return render(this.name, verdict, byStep, seconds(began));
  }

  /** Ends and removes everything that was started, last first. */
  async cleanUp() {
    for (const cleanUp of this.#cleanUps.splice(0).reverse()) await cleanUp().catch(() => undefined);
  }

  async #createDatabase() {
    const database = `mq_kill_${randomBytes(5).toString('hex')}`;
    const server = await new DataSource({ type: this.type, url: this.serverUrl.href }).initialize();
    await server.query(`CREATE DATABASE ${database}`);
    this.#cleanUps.push(async () => {
      await server.query(
        this.type === 'postgres' ? `DROP DATABASE ${database} WITH (FORCE)` : `DROP DATABASE ${database}`,
      );
      await server.destroy();
    });
    const url = new URL(this.serverUrl.href);
    url.pathname = `/${database}`;
    this.databaseUrl = url;
    this.database = await new DataSource({ type: this.type, url: url.href }).initialize();
    this.#cleanUps.push(() => this.database.destroy());
    await runMqMigrations(this.database);
    for (const table of ['kill_ledger', 'kill_ghost']) {
      await this.database.query(`CREATE TABLE ${table} (message_id varchar(64) NOT NULL PRIMARY KEY)`);
    }
    // No unique key: an effect that happens twice must show.
    await this.database.query(
      'CREATE TABLE kill_effect (group_name varchar(64) NOT NULL, message_id varchar(64) NOT NULL, n bigint NOT NULL)',
    );
  }

  /** @returns {Promise<Place[]>} */
  async #startVictims() {
    /** @type {Place[]} */
    const places = [];
    /**
     * @param {string} name
     * @param {string} role
     * @param {Record<string, string>} env
     * @param {{ endpoint: string, caller?: string }} [entrance]
     */
    const add = async (name, role, env, entrance) => {
      const proxy = await startDatabaseProxy(this.databaseUrl);
      this.#cleanUps.push(() => proxy.close());
      const { endpoint, caller } = entrance ?? (await this.broker.entrance());
      const victim = new Victim(name, {
        DATABASE_URL: proxy.url,
        TRANSPORT: this.transport,
        MQ_ENDPOINT: endpoint,
        ...env,
      });
      this.#cleanUps.push(() => victim.stop());
      places.push({ role, victim, proxy, caller, kills: 0, ready: Promise.resolve() });
    };
    await add('publisher 1', 'publisher', { ROLE: 'api', PUBLISH: '1' });
    await add('publisher 2', 'publisher', { ROLE: 'api', PUBLISH: '1' });
    await add('feeder', 'feeder', { ROLE: 'api', PUBLISH: '1' }, { endpoint: DEAD_BROKER });
    await add('relay 1', 'relay', { ROLE: 'relay' });
    await add('relay 2', 'relay', { ROLE: 'relay' });
    await add('consumer 1', 'consumer', { ROLE: 'worker' });
    await add('consumer 2', 'consumer', { ROLE: 'worker' });
    await Promise.all(places.map(({ victim }) => victim.start()));
    console.log(`${this.name}: ${places.length} processes are at work`);
    // Whoever comes by its step kills it, so it has no caller.
    return [
      ...places,
      ...this.broker.victims.map((victim) => ({ role: 'broker', victim, kills: 0, ready: Promise.resolve() })),
    ];
  }

  /**
   * Every step once, then every step again; the roles take turns, so that one starts again while another dies. The deaths
   * of the broker, which is away for ten seconds, are spread over all of it.
   *
   * @param {Place[]} places
   */
  #schedule(places) {
    /** @param {KillPoint} point */
    const isWanted = (point) => labelOf(point).includes(this.only);
    const points = killPoints({ claimInOneStatement: this.type === 'postgres' }).filter(isWanted);
    const byRole = ['publisher', 'relay', 'consumer'].map((role) => points.filter((point) => point.role === role));
    const longest = Math.max(...byRole.map((ofRole) => ofRole.length));
    const once = Array.from({ length: longest }, (_, i) => byRole.flatMap((ofRole) => ofRole.slice(i, i + 1))).flat();
    const schedule = Array.from({ length: this.killsPerStep }, () => once).flat();
    const ofBroker = places.some(({ role }) => role === 'broker')
      ? Array.from({ length: this.brokerKills }, () => BROKER_KILL_POINTS.filter(isWanted)).flat()
      : [];
    const distance = Math.floor(schedule.length / (ofBroker.length + 1));
    ofBroker.forEach((point, index) => schedule.splice((index + 1) * distance + index, 0, point));
    return schedule;
  }

  /**
   * Half of the rows are of no key, so one death may not do.
   *
   * @param {Promise<void>} killed
   * @param {KillPoint} point
   * @param {Place[]} places
   */
  async #killUntil(killed, point, places) {
    let done = false;
    const ended = killed.finally(() => (done = true));
    ended.catch(() => undefined);
    while (!done) {
      await this.#killAt(point, await nextOf(places, point.role));
      await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, AGAIN_MS))]);
    }
  }

  /**
   * @param {KillPoint} point
   * @param {Place} place
   */
  async #killAt(point, place) {
    const gone = await new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`no process came by the kill point "${labelOf(point)}" within ${FIRE_MS} ms`)),
        FIRE_MS,
      );
      const fire = () => {
        clearTimeout(timer);
        resolve({ exit: place.victim.kill() });
      };
      if (point.kind === 'database') place.proxy?.arm({ ...point, fire });
      else this.broker.arm({ ...point, ...(place.caller !== undefined && { caller: place.caller }), fire });
    });
    await gone.exit;
    if (place.caller !== undefined) await this.broker.outcomes.died(place.caller, (ids) => this.#unrecorded(ids));
    place.kills++;
    place.ready = place.victim.start();
    // Looked at when it is this place's turn again.
    place.ready.catch(() => undefined);
  }

  /** @param {readonly string[]} ids */
  async #unrecorded(ids) {
    const rows = await this.database.query(
      `SELECT id FROM mq_status_log WHERE status <> 'SENT' AND id IN (${ids.map((id) => `'${id}'`).join(', ')})`,
    );
    return rows.map((/** @type {{ id: string }} */ { id }) => id);
  }

  /**
   * Waits until nothing is left to do, for as long as it becomes less.
   *
   * @param {ReadonlyMap<string, string>} foreign
   */
  async #heal(foreign) {
    const expected = [...foreign.values()].filter((verdict) => verdict !== 'skipped').length;
    let least = Infinity;
    let movedAt = performance.now();
    for (;;) {
      const [{ n }] = await this.database.query('SELECT COUNT(*) AS n FROM mq_status_log WHERE due_at IS NOT NULL');
      const [{ m }] = await this.database.query(
        'SELECT COUNT(*) AS m FROM kill_ledger l WHERE NOT EXISTS (SELECT 1 FROM kill_effect e WHERE e.message_id = l.message_id)',
      );
      const [{ f }] = await this.database.query(
        `SELECT (SELECT COUNT(DISTINCT message_id) FROM kill_effect WHERE message_id LIKE '${FOREIGN}%')
          + (SELECT COUNT(DISTINCT msg_key) FROM mq_error_log WHERE parked AND msg_key LIKE '${FOREIGN}%') AS f`,
      );
      const left = Number(n) + Number(m) + Math.max(0, expected - Number(f));
      if (left === 0) return;
      if (left < least) {
        least = left;
        movedAt = performance.now();
      } else if (performance.now() - movedAt > STUCK_MS) {
        console.log(
          `${this.name}: ${n} rows are unfinished, ${m} effects and ${expected - f} foreign messages are missing, for ${STUCK_MS / 1000} s now`,
        );
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  }
}

/**
 * The place of this role that died least, when its process is at work.
 *
 * @param {Place[]} places
 * @param {string} wanted
 */
async function nextOf(places, wanted) {
  const [place] = places.filter(({ role }) => role === wanted).sort((a, b) => a.kills - b.kills);
  await place.ready;
  return place;
}

/** @param {KillPoint} options */
function labelOf({ role, name }) {
  return `${role}: ${name}`;
}

/** @param {number} began */
function seconds(began) {
  return Math.round((performance.now() - began) / 1000);
}
