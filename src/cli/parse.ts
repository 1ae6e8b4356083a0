import { InvalidArgumentError } from 'commander';
import type { ListenAddress } from './fronts.ts';

/** A whole number of at least one. */
export function parseCount(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value) || value < 1)
    throw new InvalidArgumentError('Expected a whole number, 1 or more.');
  return value;
}

/** A number of gigabytes above zero; fractions are allowed. */
export function parseGigabytes(text: string): number {
  const value = Number(text);
  if (!/^\d+(\.\d+)?$/.test(text) || !(value > 0))
    throw new InvalidArgumentError('Expected a number above 0, in GiB (2^30 bytes).');
  return value;
}

const unitMs = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const;

/**
 * A duration as etcdctl and kubectl write it: `30s`, `5m`, `1h30m`, `500ms`; a bare number means seconds.
 *
 * @returns milliseconds, above 0
 */
export function parseDuration(text: string): number {
  const expected = 'Expected a duration such as 30s, 5m or 1h30m.';
  if (/^\d+$/.test(text)) return positive(Number(text) * unitMs.s, expected);
  if (!/^(\d+(\.\d+)?(ms|s|m|h))+$/.test(text)) throw new InvalidArgumentError(expected);
  let total = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g))
    total += Number(amount) * unitMs[unit as keyof typeof unitMs];
  return positive(total, expected);
}

function positive(value: number, expected: string): number {
  // Node's timers hold at most 2^31-1 ms.
  if (!(value > 0) || value > 2_147_483_647) throw new InvalidArgumentError(expected);
  return value;
}

/** `127.0.0.1:7443`, `[::1]:0` */
export function parseAddress(text: string): ListenAddress {
  const match = /^(?:\[([0-9a-fA-F:]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text);
  const [, ipv6, name, port] = match ?? [];
  const host = ipv6 ?? name;
  if (host === undefined || Number(port) > 65_535) throw new InvalidArgumentError('Expected one like 127.0.0.1:7443.');
  return { host, port: Number(port) };
}
