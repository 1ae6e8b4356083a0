/**
 * Reads the fields of an encoded mvccpb.KeyValue in place. Source: etcd api/mvccpb/kv.proto: key 1, create_revision 2,
 * mod_revision 3, version 4, value 5, lease 6. One object serves all entries of a walk, since there are millions.
 */
export class KeyValueReader {
  keyStart = 0;
  keyEnd = 0;
  valueStart = 0;
  valueEnd = 0;
  createRevision = 0;
  modRevision = 0;
  version = 0;
  lease = 0;
  #at = 0;
  #end = 0;

  /**
   * Decodes the message between two offsets. Fields that are absent read as 0, and as empty at the message's start.
   * Numbers above 2^53 lose their low bits.
   *
   * @returns false if the bytes are no such message
   */
  read(view: DataView, start: number, end: number): boolean {
    this.keyStart = this.keyEnd = this.valueStart = this.valueEnd = start;
    this.createRevision = this.modRevision = this.version = this.lease = 0;
    this.#at = start;
    this.#end = end;
    while (this.#at < end) {
      const tag = view.getUint8(this.#at++);
      let number = 0;
      if (tag !== 0x18 && tag !== 0x10 && tag !== 0x20 && tag !== 0x0a && tag !== 0x2a && tag !== 0x30) {
        this.#at--;
        if (!this.#skipUnknown(view)) return false;
        continue;
      }
      number = this.#varint(view);
      if (number < 0) return false;
      if (tag === 0x0a) {
        if (number > end - this.#at) return false;
        this.keyStart = this.#at;
        this.keyEnd = this.#at += number;
      } else if (tag === 0x2a) {
        if (number > end - this.#at) return false;
        this.valueStart = this.#at;
        this.valueEnd = this.#at += number;
      } else if (tag === 0x10) this.createRevision = number;
      else if (tag === 0x18) this.modRevision = number;
      else if (tag === 0x20) this.version = number;
      else this.lease = number;
    }
    return true;
  }

  /** The next varint, or -1 if it does not end in time. */
  #varint(view: DataView): number {
    let value = 0;
    let scale = 1;
    for (let length = 0; length < 10 && this.#at < this.#end; length++) {
      const byte = view.getUint8(this.#at++);
      if (byte < 0x80) return value + byte * scale;
      value += (byte & 0x7f) * scale;
      scale *= 128;
    }
    return -1;
  }

  /** Steps over a field that a later etcd may have added; false for a malformed one, or a known one of a wrong type. */
  #skipUnknown(view: DataView): boolean {
    const tag = this.#varint(view);
    const field = Math.floor(tag / 8);
    if (field < 7) return false;
    const wireType = tag % 8;
    let size = 0;
    if (wireType === 0) size = this.#varint(view) < 0 ? -1 : 0;
    else if (wireType === 1) size = 8;
    else if (wireType === 2) size = this.#varint(view);
    else if (wireType === 5) size = 4;
    else size = -1;
    if (size < 0 || size > this.#end - this.#at) return false;
    this.#at += size;
    return true;
  }
}
