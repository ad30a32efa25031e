export { aliyunHttp } from './aliyun-http.js';
export type { AliyunHttpOptions } from './options.js';
export type { Credentials, ProvidedCredentials } from './wire/credentials.js';
