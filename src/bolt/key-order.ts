/** A key where it lies. */
export interface KeyAt {
  readonly view: DataView;
  readonly start: number;
  readonly end: number;
}

/** Compares two keys byte by byte, as bbolt orders them: negative, 0 or positive. */
export function compareKeys(
  left: DataView,
  leftStart: number,
  leftEnd: number,
  right: DataView,
  rightStart: number,
  rightEnd: number,
): number {
  const leftLength = leftEnd - leftStart;
  const rightLength = rightEnd - rightStart;
  const shared = leftLength < rightLength ? leftLength : rightLength;
  let at = 0;
  for (; at + 4 <= shared; at += 4) {
    const mine = left.getUint32(leftStart + at);
    const theirs = right.getUint32(rightStart + at);
    if (mine !== theirs) return mine < theirs ? -1 : 1;
  }
  for (; at < shared; at++) {
    const difference = left.getUint8(leftStart + at) - right.getUint8(rightStart + at);
    if (difference !== 0) return difference;
  }
  return leftLength - rightLength;
}

export function compareKeysAt(left: KeyAt, right: KeyAt): number {
  return compareKeys(left.view, left.start, left.end, right.view, right.start, right.end);
}
