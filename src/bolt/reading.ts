import { messageOf, type RandomAccess } from '../base/index.ts';
import { BoltError } from './errors.ts';

/**
 * Reads what is there of `target.length` bytes at `position`; returns how many.
 *
 * @throws BoltError `BOLT_READ_FAILED` where the system cannot read (a broken disk, a vanished network share)
 */
export function readAt(source: RandomAccess, target: Uint8Array, position: number): number {
  try {
    return source.read(target, position);
  } catch (cause) {
    throw new BoltError('BOLT_READ_FAILED', `cannot read ${target.length} bytes at ${position}: ${messageOf(cause)}`, {
      hint: 'Check the disk or the share that holds the file (the system log tells more), and copy the file elsewhere.',
      cause,
    });
  }
}
