import { sipHash24 } from './sip-hash.js';

test('is SipHash-2-4 as its authors print it', () => {
  // Appendix A of the paper: the key 00 01 … 0f, the input 00 01 … 0e.
  expect(sipHash24(String.fromCodePoint(...Array(15).keys())).toString(16)).toBe('a129ca6149be45e5');
});
