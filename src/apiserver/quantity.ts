/**
 * Quantities such as `200Gi`, `100m` or `1e3`: read exactly, compared, and written in Kubernetes' canonical form.
 * Source: k8s.io/apimachinery, pkg/api/resource/quantity.go.
 */

const FORM = /^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$/;
const NOT_A_QUANTITY = `quantities must match the regular expression '${FORM.source}'`;
const NUMBER = /^([+-]?)([0-9]*)(?:\.([0-9]*))?$/;
const DECIMAL = ['n', 'u', 'm', '', 'k', 'M', 'G', 'T', 'P', 'E'];
const BINARY = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];
const THOUSAND = 1000n;
const NANO = THOUSAND ** 3n;

/** An amount in billionths, the finest that Kubernetes keeps; finer fractions are rounded away from zero. */
interface Quantity {
  readonly nano: bigint;
  readonly notation: 'decimal' | 'binary' | 'exponent';
}

/** @returns what kube-apiserver says of a text that is no quantity, or the amount */
function read(text: string): Quantity | string {
  const [, number, suffix] = FORM.exec(text) ?? [];
  if (number === undefined || suffix === undefined) {
    return NOT_A_QUANTITY;
  }
  const factor = readSuffix(suffix);
  if (factor === undefined) return "unable to parse quantity's suffix";
  const [, sign, whole, fraction = ''] = NUMBER.exec(number) ?? [];
  if (whole === undefined || whole + fraction === '') return NOT_A_QUANTITY;
  const divisor = 10n ** BigInt(fraction.length) * factor.divisor;
  const scaled = BigInt(whole + fraction) * factor.multiplier * NANO;
  const size = (scaled + divisor - 1n) / divisor;
  return { nano: sign === '-' ? -size : size, notation: factor.notation };
}

/** 10 to the power of 99 is far above what any quantity may be, and still quick. */
const LARGEST_EXPONENT = 99;

function readSuffix(
  suffix: string,
): { readonly multiplier: bigint; readonly divisor: bigint; readonly notation: Quantity['notation'] } | undefined {
  const binary = BINARY.indexOf(suffix);
  if (binary > 0) return { multiplier: 1024n ** BigInt(binary), divisor: 1n, notation: 'binary' };
  const decimal = DECIMAL.indexOf(suffix);
  const [, digits] = /^[eE]([-+]?[0-9]+)$/.exec(suffix) ?? [];
  if (decimal < 0 && digits === undefined) return undefined;
  const exponent = digits === undefined ? (decimal - 3) * 3 : Number(digits);
  if (Math.abs(exponent) > LARGEST_EXPONENT) return undefined;
  const power = 10n ** BigInt(Math.abs(exponent));
  return {
    multiplier: exponent < 0 ? 1n : power,
    divisor: exponent < 0 ? power : 1n,
    notation: digits === undefined ? 'decimal' : 'exponent',
  };
}

/** What is wrong with a text as a quantity, in kube-apiserver's words; undefined where it is one. */
export function quantityProblem(text: string): string | undefined {
  const quantity = read(text);
  return typeof quantity === 'string' ? quantity : undefined;
}

/**
 * A quantity's amount in billionths.
 *
 * @throws RangeError for a text that is no quantity
 */
export function quantityNano(text: string): bigint {
  const quantity = read(text);
  if (typeof quantity === 'string') throw new RangeError(`"${text}": ${quantity}`);
  return quantity.nano;
}

/**
 * A quantity rounded up to a whole number: bytes, for storage.
 *
 * @throws RangeError for a text that is no quantity
 */
export function quantityBytes(text: string): bigint {
  return roundUp(quantityNano(text), NANO);
}

/** Divides; a fraction that is left makes the number larger in size. */
function roundUp(number: bigint, divisor: bigint): bigint {
  const rest = number % divisor === 0n ? 0n : number > 0n ? 1n : -1n;
  return number / divisor + rest;
}

/**
 * Negative, 0 or positive as `a` is less than, as much as or more than `b`, whatever their suffixes.
 *
 * @throws RangeError for a text that is no quantity
 */
export function compareQuantities(a: string, b: string): number {
  const difference = quantityNano(a) - quantityNano(b);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

/** Takes a factor out of a number as often as it goes in, at most `most` times. */
function reduce(number: bigint, factor: bigint, most: number): readonly [bigint, number] {
  let [left, times] = [number, 0];
  while (times < most && left % factor === 0n) [left, times] = [left / factor, times + 1];
  return [left, times];
}

/**
 * The form in which the API server keeps amounts of resources: `1024Mi` becomes `1Gi`, `0.5` becomes `500m`. Fractions
 * finer than a thousandth are rounded up, and a binary suffix is only kept for whole numbers.
 *
 * @throws RangeError for a text that is no quantity
 */
export function canonicalQuantity(text: string): string {
  const quantity = read(text);
  if (typeof quantity === 'string') throw new RangeError(`"${text}": ${quantity}`);
  const { notation } = quantity;
  const milli = roundUp(quantity.nano, NANO / THOUSAND);
  if (milli === 0n) return '0';
  const isSmall = milli > -1024n * THOUSAND && milli < 1024n * THOUSAND;
  if (notation === 'binary' && !isSmall && milli % THOUSAND === 0n) {
    const [number, times] = reduce(milli / THOUSAND, 1024n, BINARY.length - 1);
    return `${number}${BINARY[times] ?? ''}`;
  }
  const suffixes = DECIMAL.slice(2);
  const [number, times] = reduce(milli, THOUSAND, notation === 'exponent' ? Infinity : suffixes.length - 1);
  if (notation !== 'exponent') return `${number}${suffixes[times] ?? ''}`;
  return times === 1 ? `${number}` : `${number}e${(times - 1) * 3}`;
}
