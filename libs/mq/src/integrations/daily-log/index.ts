export { dailyLog, type DailyLogOptions } from './daily-log.js';
