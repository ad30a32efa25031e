import { signatureOf } from './authenticate.js';

// Computed with the official Node SDK; the first is also in its own tests.
describe('signatureOf', () => {
  const date = 'Thu, 07 Mar 2012 18:49:58 GMT';
  const type = 'text/xml;charset=utf-8';
  const version = { 'x-mq-version': '2015-06-06' };

  it('covers method, digest, type and date', () => {
    const md5 = '574683b3684e3cff610afa155cc2506d';
    const headers = { 'content-md5': md5, date: 'Tue, 11 Apr 2017 10:09:19 GMT', ...version };
    const request = { method: 'PUT', target: '/', headers };
    expect(signatureOf(request, 'text/xml', 'ACCESS_KEY_SECRET')).toBe('G7NRBqmP9XfhTJ/pV3AgYQtXaaU=');
  });

  it('covers the target as it was sent, undecoded', () => {
    const query = 'consumer=GID_abc&ns=INST&tag=TagA%7C%7CTagB&numOfMessages=16&waitseconds=30';
    const request = { method: 'GET', target: `/topics/abc/messages?${query}`, headers: { date, ...version } };
    expect(signatureOf(request, type, 'SK')).toBe('tS/Eg+xW/oPkkOLjeUI2eUyrIY8=');
  });

  it('covers the digest when there is one', () => {
    const headers = { 'content-md5': 'NzY5NzJiYTc4YTg4ZGZmODUzZDcxNmYzY2NiZTEyNDQ=', date, ...version };
    const request = { method: 'POST', target: '/topics/abc/messages?ns=INST', headers };
    expect(signatureOf(request, type, 'SK')).toBe('9YftWJUA3ea0K8YuaVjVe3LHVDM=');
  });
});
