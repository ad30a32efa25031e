/** A key and a certificate for `localhost` and 127.0.0.1, as PEM. */
export function makeSelfSignedCertificate(): { readonly key: string; readonly certificate: string };
