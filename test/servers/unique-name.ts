import { randomBytes } from 'node:crypto';

/** A name for a queue, topic, stream or table that no other test has, in whichever file. */
export function uniqueName(prefix: string): string {
  return `${prefix}${randomBytes(5).toString('hex')}`;
}
