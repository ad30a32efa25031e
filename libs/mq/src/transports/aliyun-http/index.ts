export { aliyunHttp } from './aliyun-http.js';
export type { AliyunHttpOptions } from './aliyun-http-options.js';
export type { Credentials, ProvidedCredentials } from './credentials.js';
