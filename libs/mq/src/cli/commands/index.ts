import type { Command } from '../command.js';
import { cancelCommand } from './cancel.command.js';
import { consumerCommand } from './consumer.command.js';
import { doctorCommand } from './doctor.command.js';
import { errorsCommand } from './errors/errors.command.js';
import { explainCommand } from './explain.command.js';
import { messagesCommand } from './messages.command.js';
import { migrateCommand } from './migrate.command.js';
import { pauseCommand } from './pause.command.js';
import { pruneCommand } from './prune.command.js';
import { reproduceCommand } from './reproduce.command.js';
import { rescheduleCommand } from './reschedule.command.js';
import { resumeCommand } from './resume.command.js';
import { sendCommand } from './send.command.js';
import { showCommand } from './show.command.js';
import { statusCommand } from './status.command.js';
import { tailCommand } from './tail.command.js';
import { workCommand } from './work.command.js';

/** Every command that needs the application, in the order of the help. */
export const COMMANDS: readonly Command[] = [
  consumerCommand,
  reproduceCommand,
  workCommand,
  migrateCommand,
  statusCommand,
  pauseCommand,
  resumeCommand,
  doctorCommand,
  tailCommand,
  messagesCommand,
  showCommand,
  explainCommand,
  errorsCommand,
  cancelCommand,
  rescheduleCommand,
  sendCommand,
  pruneCommand,
];
