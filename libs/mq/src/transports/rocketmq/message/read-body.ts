import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { crc32, unzip } from 'node:zlib';
import { bodyOf, type MessageBody } from '../../../core/message/body.js';
import type { DigestReceived, SystemPropertiesReceived } from '../protocol/generated.js';

const inflate = promisify(unzip);

/**
 * The body of a received message, and why it is not what its producer wrote, if it is not; it is then as it came.
 *
 * Other producers compress: `GZIP` stands for zlib as well, and from Apache's proxy for every other kind of compression.
 * Unpacking runs beside the event loop and ends at `maxUnpackedBytes`, because 2 MiB can stand for gigabytes.
 */
export async function readBody(
  bytes: Buffer,
  { bodyDigest, bodyEncoding }: Pick<Partial<SystemPropertiesReceived>, 'bodyDigest' | 'bodyEncoding'>,
  maxUnpackedBytes: number,
): Promise<{ readonly body: MessageBody; readonly unreadable: string | null }> {
  const asItCame = (unreadable: string | null) => ({ body: bodyOf(bytes), unreadable });
  if (!isWhole(bytes, bodyDigest)) return asItCame('its digest is not that of its body');
  switch (bodyEncoding) {
    case undefined:
    case 'ENCODING_UNSPECIFIED':
    case 'IDENTITY':
      return asItCame(null);
    case 'GZIP':
      try {
        return { body: bodyOf(await inflate(bytes, { maxOutputLength: maxUnpackedBytes })), unreadable: null };
      } catch (error) {
        const isTooLarge = (error as { code?: unknown }).code === 'ERR_BUFFER_TOO_LARGE';
        return asItCame(
          isTooLarge
            ? `unpacked it is larger than ${maxUnpackedBytes} bytes`
            : 'its compression is one that nobody here knows',
        );
      }
    default:
      return asItCame(`its encoding is ${bodyEncoding}, which nobody here knows`);
  }
}

/** Brokers that send no digest, or one of a kind that we do not know, are believed. */
function isWhole(body: Buffer, digest: DigestReceived | null | undefined): boolean {
  switch (digest?.type) {
    case 'CRC32':
      return sameHex(digest.checksum, crc32(body).toString(16));
    case 'MD5':
      return sameHex(digest.checksum, createHash('md5').update(body).digest('hex'));
    case 'SHA1':
      return sameHex(digest.checksum, createHash('sha1').update(body).digest('hex'));
    default:
      return true;
  }
}

/** Servers write the digests in either case, and without leading zeros. */
function sameHex(a: string, b: string): boolean {
  const plain = (text: string): string => text.toLowerCase().replace(/^0+/, '');
  return plain(a) === plain(b);
}
