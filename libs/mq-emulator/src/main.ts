#!/usr/bin/env node
import { runEmulator } from './cli/run-emulator.js';

await runEmulator(process.argv.slice(2));
