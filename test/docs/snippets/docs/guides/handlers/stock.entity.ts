export { Stock } from '../../../readme/stock.entity.js';
