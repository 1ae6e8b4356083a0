/** Powers of ten and of two that a suffix stands for (k8s.io/apimachinery/pkg/api/resource/suffix.go). */
const DECIMAL: Readonly<Record<string, number>> = { n: -9, u: -6, m: -3, '': 0, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 };
const BINARY: Readonly<Record<string, bigint>> = { Ki: 10n, Mi: 20n, Gi: 30n, Ti: 40n, Pi: 50n, Ei: 60n };

/** Beyond this, a quantity is as good as endless; Kubernetes itself stops at 2^63. */
const LARGEST_EXPONENT = 40;

const QUANTITY = /^([+-]?)(\d+(?:\.\d*)?|\.\d+)(?:([numkMGTPE]|[KMGTPE]i)|[eE]([+-]?\d{1,9}))?$/;

/**
 * The exact worth of a resource quantity (`200Gi`, `1.5G`, `1e9`, `100m`), in billionths, so that quantities written in
 * different ways can be compared without rounding. What is finer than a billionth is rounded up, as Kubernetes does.
 *
 * @returns undefined where the text is no quantity
 */
export function quantityInBillionths(quantity: string | number): bigint | undefined {
  const match = QUANTITY.exec(String(quantity));
  if (match === null) return undefined;
  const [, sign, number = '', suffix, exponent] = match;
  const [whole = '', fraction = ''] = number.split('.');
  const digits = BigInt(whole + fraction);
  const binary = suffix === undefined ? undefined : BINARY[suffix];
  const power = exponent === undefined ? (DECIMAL[suffix ?? ''] ?? 0) : clamp(Number(exponent));
  const worth = scale(binary === undefined ? digits : digits << binary, power + 9 - fraction.length);
  return sign === '-' ? -worth : worth;
}

function clamp(exponent: number): number {
  return Math.min(Math.max(exponent, -LARGEST_EXPONENT), LARGEST_EXPONENT);
}

/** `digits` x 10^`power`, rounded up. */
function scale(digits: bigint, power: number): bigint {
  if (power >= 0) return digits * 10n ** BigInt(power);
  const divisor = 10n ** BigInt(-power);
  return (digits + divisor - 1n) / divisor;
}
