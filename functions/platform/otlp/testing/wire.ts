/** A field as it stands on the wire: its number, and its bytes; of a varint its value in decimal. */
export interface WireField {
  number: number;
  bytes: Buffer;
  value: string;
}

/** For tests: the fields of a Protocol Buffers message, by numbers alone. Throws an Error for what is no message. */
export function wireFields(bytes: Buffer): WireField[] {
  const fields: WireField[] = [];
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes.readUInt8(at);
      at += 1;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < bytes.length) {
    const key = Number(varint());
    const [number, wireType] = [key >> 3, key & 7];
    if (number === 0 || ![0, 1, 2, 5].includes(wireType)) throw new Error('no message');
    if (wireType === 0) {
      fields.push({ number, bytes: Buffer.alloc(0), value: String(BigInt.asIntN(64, varint())) });
      continue;
    }
    const length = wireType === 1 ? 8 : wireType === 5 ? 4 : Number(varint());
    if (at + length > bytes.length) throw new Error('cut off');
    fields.push({ number, bytes: bytes.subarray(at, at + length), value: '' });
    at += length;
  }
  return fields;
}
