import { randomBytes } from 'node:crypto';
import { DataSource } from 'typeorm';
import { runMqMigrations } from 'nestjs-reliable-mq/typeorm';
import { startDatabaseProxy } from './database-proxy.mjs';
import { killPoints } from './kill-points.mjs';
import { startObservedBroker } from './observed-broker.mjs';
import { Victim } from './process.mjs';
import { check, render } from './verdict.mjs';
import { startTcpRelay } from './tcp-relay.mjs';

/** A kill point that no process reaches for this long is a hole in the test, and fails it. */
const FIRE_MS = 45_000;
const HEAL_MS = 120_000;
/** Nothing listens there: who publishes through it leaves everything to the relay. */
const DEAD_BROKER = 'http://127.0.0.1:9';

/** One run on one database. */
export class KillTest {
  #cleanUps = [];
  #kills = 0;

  constructor(name, serverUrl, killsPerStep) {
    this.name = name;
    this.serverUrl = new URL(serverUrl);
    this.killsPerStep = killsPerStep;
    this.type = name === 'postgres' ? 'postgres' : 'mysql';
  }

  async run() {
    const began = performance.now();
    await this.#createDatabase();
    this.broker = await startObservedBroker();
    this.#cleanUps.push(() => this.broker.close());
    const places = await this.#startVictims();

    const byStep = new Map();
    for (const point of this.#schedule()) {
      const [place] = places.filter(({ role }) => role === point.role).sort((a, b) => a.kills - b.kills);
      await place.ready;
      const label = `${point.role}: ${point.name}`;
      await this.#killAt(point, place, label);
      byStep.set(label, (byStep.get(label) ?? 0) + 1);
      if (++this.#kills % 10 === 0)
        console.log(
          `${this.name}: ${this.#kills} kills, ${this.broker.stored.length} messages at the broker, ${seconds(began)} s`,
        );
    }

    console.log(`${this.name}: ${this.#kills} kills done; publishers stop, the rest finishes its work`);
    await Promise.all(places.map(({ ready }) => ready));
    for (const { victim } of places.filter(({ role }) => role === 'publisher' || role === 'feeder'))
      await victim.stop();
    await this.#heal();
    for (const { victim } of places) await victim.stop();
    const verdict = await check(
      this.database,
      this.broker.stored,
      this.#kills,
      places.flatMap(({ victim }) => victim.errors),
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

  async #startVictims() {
    const places = [];
    const add = async (name, role, env, endpoint) => {
      const proxy = await startDatabaseProxy(this.databaseUrl);
      this.#cleanUps.push(() => proxy.close());
      const wire = endpoint ? null : await startTcpRelay(new URL(this.broker.endpoint));
      if (wire) this.#cleanUps.push(() => wire.close());
      const victim = new Victim(name, role, {
        DATABASE_URL: proxy.url,
        MQ_ENDPOINT: endpoint ?? wire.endpoint,
        ...env,
      });
      this.#cleanUps.push(() => victim.stop());
      places.push({ name, role, victim, proxy, host: wire?.host, kills: 0, ready: Promise.resolve() });
    };
    await add('publisher 1', 'publisher', { ROLE: 'api', PUBLISH: '1' });
    await add('publisher 2', 'publisher', { ROLE: 'api', PUBLISH: '1' });
    await add('feeder', 'feeder', { ROLE: 'api', PUBLISH: '1' }, DEAD_BROKER);
    await add('relay 1', 'relay', { ROLE: 'relay' });
    await add('relay 2', 'relay', { ROLE: 'relay' });
    await add('consumer 1', 'consumer', { ROLE: 'worker' });
    await add('consumer 2', 'consumer', { ROLE: 'worker' });
    await Promise.all(places.map(({ victim }) => victim.start()));
    console.log(`${this.name}: ${places.length} processes are at work`);
    return places;
  }

  /** Every step once, then every step again; the roles take turns, so that one starts again while another dies. */
  #schedule() {
    const points = killPoints({ claimInOneStatement: this.type === 'postgres' });
    const byRole = ['publisher', 'relay', 'consumer'].map((role) => points.filter((point) => point.role === role));
    const longest = Math.max(...byRole.map((ofRole) => ofRole.length));
    const once = Array.from({ length: longest }, (_, i) => byRole.flatMap((ofRole) => ofRole.slice(i, i + 1))).flat();
    return Array.from({ length: this.killsPerStep }, () => once).flat();
  }

  async #killAt(point, place, label) {
    const gone = await new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`no process came by the kill point "${label}" within ${FIRE_MS} ms`)),
        FIRE_MS,
      );
      const armed = {
        ...point,
        host: place.host,
        fire: () => {
          clearTimeout(timer);
          resolve({ exit: place.victim.kill() });
        },
      };
      (point.kind === 'database' ? place.proxy : this.broker).arm(armed);
    });
    await gone.exit;
    place.kills++;
    place.ready = place.victim.start();
    // Looked at when it is this place's turn again.
    place.ready.catch(() => undefined);
  }

  async #heal() {
    const deadline = performance.now() + HEAL_MS;
    for (;;) {
      const [{ n }] = await this.database.query('SELECT COUNT(*) AS n FROM mq_status_log WHERE due_at IS NOT NULL');
      const [{ m }] = await this.database.query(
        'SELECT COUNT(*) AS m FROM kill_ledger l WHERE NOT EXISTS (SELECT 1 FROM kill_effect e WHERE e.message_id = l.message_id)',
      );
      if (Number(n) === 0 && Number(m) === 0) return;
      if (performance.now() > deadline) {
        console.log(`${this.name}: after ${HEAL_MS / 1000} s ${n} rows are unfinished and ${m} effects are missing`);
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  }
}

function seconds(began) {
  return Math.round((performance.now() - began) / 1000);
}
