/**
 * JSON with numbers for 64-bit values that fit exactly and decimal strings for the others, so that no figure is ever
 * rounded on its way to a script.
 */
export function toJson(value: unknown, indent?: number): string {
  return JSON.stringify(
    value,
    (_key, item: unknown) => {
      if (typeof item !== 'bigint') return item;
      const number = Number(item);
      return Number.isSafeInteger(number) ? number : item.toString();
    },
    indent,
  );
}
