import { Gauge, type Registry } from 'prom-client';
import { type Fill, GAUGES } from './gauges.js';
import { type Instruments, makeInstruments } from './instruments.js';
import type { MetricSource } from './metric-source.js';

const known = new WeakMap<Registry, Map<string, MqMetrics>>();

/**
 * The metrics of one registry. Applications that share a registry share them, as tests do: prom-client refuses a name that
 * is there already, and counters of a process go on from one application of it to the next.
 */
export class MqMetrics {
  static in(registry: Registry, prefix: string): MqMetrics {
    const ofRegistry = known.get(registry) ?? new Map<string, MqMetrics>();
    known.set(registry, ofRegistry);
    let metrics = ofRegistry.get(prefix);
    // Somebody may have cleared the registry in between.
    if (!metrics || !registry.getSingleMetric(`${prefix}outbox_published_total`)) {
      metrics = new MqMetrics(registry, prefix);
      ofRegistry.set(prefix, metrics);
    }
    return metrics;
  }

  readonly instruments: Instruments;
  private readonly sources = new Set<MetricSource>();

  private constructor(registry: Registry, prefix: string) {
    this.instruments = makeInstruments(registry, prefix);
    for (const { name, help, labels, fill } of GAUGES)
      makeGauge(registry, prefix + name, help, labels, this.fill(fill));
  }

  /** Gauges tell of this connection from now on. Returns the function that ends that. */
  add(source: MetricSource): () => void {
    this.sources.add(source);
    return () => void this.sources.delete(source);
  }

  has(connection: string): boolean {
    return [...this.sources].some((source) => source.connection === connection);
  }

  private fill(fill: Fill): (gauge: Gauge) => void {
    return (gauge) => fill([...this.sources], (value, labels) => gauge.set(labels, value));
  }
}

/** Filled anew at each scrape, from memory: what is not known any more is gone, and no scrape waits for anything. */
function makeGauge(
  registry: Registry,
  name: string,
  help: string,
  labels: readonly string[],
  fill: (gauge: Gauge) => void,
): void {
  const gauge = new Gauge({
    name,
    help,
    labelNames: [...labels],
    registers: [registry],
    collect() {
      gauge.reset();
      fill(gauge);
    },
  });
}
