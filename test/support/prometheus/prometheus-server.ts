import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '../eventually.js';
import { fetchOnce } from '../fetch-once.js';
import { freePort } from '../free-port.mjs';

export interface PrometheusTarget {
  /** Label `job`. */
  readonly job: string;
  /** `127.0.0.1:1234` */
  readonly address: string;
}

export interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [at: number, value: string];
}

export interface AlertState {
  readonly name: string;
  readonly state: 'pending' | 'firing';
  readonly labels: Readonly<Record<string, string>>;
  /** As they are told, with all values in them. */
  readonly annotations: Readonly<Record<string, string>>;
}

const INTERVAL = '1s';

/** A Prometheus of our own on the loopback interface, that scrapes and evaluates once a second. */
export class PrometheusServer {
  /**
   * Resolves when it has scraped every target and then taken the rules: it waits for five seconds before its first scrape, and
   * would evaluate them all the while.
   * @param programs folder of `prometheus`
   * @param rules text of a file of rules
   */
  static async start(programs: string, rules: string, targets: readonly PrometheusTarget[]): Promise<PrometheusServer> {
    const server = new PrometheusServer(programs, targets, await freePort());
    try {
      await eventually(async () => (await server.query('up == 1')).length === targets.length, {
        what: `${targets.length} targets to be scraped`,
        timeoutMs: 30_000,
      });
      await server.begin(rules);
    } catch (error) {
      await server.stop();
      throw new Error(`Prometheus does not start, or a target does not answer:\n${server.said}`, { cause: error });
    }
    return server;
  }

  private readonly folder = mkdtempSync(join(tmpdir(), 'mq-prometheus-'));
  private readonly child: ChildProcess;
  private readonly exited: Promise<unknown>;
  private said = '';

  private constructor(
    programs: string,
    targets: readonly PrometheusTarget[],
    private readonly port: number,
  ) {
    const file = (name: string): string => join(this.folder, name);
    writeFileSync(file('rules.yml'), 'groups: []');
    writeFileSync(file('prometheus.yml'), JSON.stringify(configuration(file('rules.yml'), targets)));
    this.child = spawn(
      join(programs, 'prometheus'),
      [
        `--config.file=${file('prometheus.yml')}`,
        `--storage.tsdb.path=${file('data')}`,
        `--web.listen-address=127.0.0.1:${port}`,
        // A series that is scraped no more is over soon, as it is when a target is asked every 15 s.
        '--query.lookback-delta=4s',
      ],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
    this.child.stderr!.on('data', (text) => (this.said = (this.said + String(text)).slice(-4_000)));
    this.exited = once(this.child, 'close').catch(() => undefined);
  }

  /** Evaluates these rules from now on. */
  private async begin(rules: string): Promise<void> {
    writeFileSync(join(this.folder, 'rules.yml'), rules);
    this.child.kill('SIGHUP');
    await eventually(async () => (await this.get<{ groups: unknown[] }>('rules')).groups.length > 0, {
      what: 'the rules',
    });
  }

  /** @throws when the expression is none */
  async query(expression: string): Promise<Sample[]> {
    const { result, resultType } = await this.get<{ result: Sample[]; resultType: string }>(
      `query?${new URLSearchParams({ query: expression })}`,
    );
    return resultType === 'scalar' ? [{ metric: {}, value: result as unknown as Sample['value'] }] : result;
  }

  async alerts(): Promise<AlertState[]> {
    const { alerts } = await this.get<{ alerts: Omit<AlertState, 'name'>[] }>('alerts');
    return alerts.map((alert) => ({ ...alert, name: alert.labels['alertname']! }));
  }

  /** Names of all metrics that were ever scraped. */
  names(): Promise<string[]> {
    return this.get('label/__name__/values');
  }

  /** Rules that could not be evaluated, with why. */
  async brokenRules(): Promise<string[]> {
    interface Rule {
      name: string;
      health: string;
      lastError?: string;
    }
    const { groups } = await this.get<{ groups: { rules: Rule[] }[] }>('rules');
    const rules = groups.flatMap((group) => group.rules);
    return rules.filter(({ health }) => health !== 'ok').map(({ name, lastError }) => `${name}: ${lastError}`);
  }

  async stop(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.exited;
    rmSync(this.folder, { recursive: true, force: true });
  }

  private get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  private async get<T>(path: string): Promise<T> {
    const response = await fetchOnce(`${this.url}/api/v1/${path}`);
    const answer = (await response.json()) as { status: string; error?: string; data: T };
    if (answer.status !== 'success') throw new Error(`${answer.error} in ${decodeURIComponent(path)}`);
    return answer.data;
  }
}

/** In YAML, of which JSON is a part. */
function configuration(rules: string, targets: readonly PrometheusTarget[]): object {
  const scraped = targets.map(({ job, address }) => ({ targets: [address], labels: { job } }));
  return {
    global: { scrape_interval: INTERVAL, scrape_timeout: INTERVAL, evaluation_interval: INTERVAL },
    rule_files: [rules],
    scrape_configs: [{ job_name: 'default', static_configs: scraped }],
  };
}
