// Fetches Prometheus for the tests, if none is there, and says where it is.
import { fetchPrometheus, PROMETHEUS_NEEDS } from './fetch-prometheus.mjs';

const folder = await fetchPrometheus();
console.log(folder ?? `Missing: ${PROMETHEUS_NEEDS}.`);
process.exitCode = folder ? 0 : 1;
