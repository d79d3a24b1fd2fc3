import { AssayError } from "../../errors.ts";

/** Refuses a file whose first bytes are no UTF-8 text. Throws SOURCE_UNREADABLE. */
export function requireText(path: string, bytes: Buffer): void {
  const found = notText(bytes);
  if (found === null) return;
  throw new AssayError("SOURCE_UNREADABLE", `${path} ${found.is}, not UTF-8 text`, { hint: found.hint });
}

function notText(bytes: Buffer): { readonly is: string; readonly hint: string } | null {
  const convert = "save or convert the file as UTF-8";
  const [first, second] = bytes;
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) return { is: "is UTF-16 text", hint: convert };
  if (first === 0x1f && second === 0x8b) return { is: "is a gzip file", hint: "give it a name that ends in .gz" };
  if (bytes.subarray(0, 4).toString("latin1") === "PAR1") return { is: "is a Parquet file", hint: "read it with parquet(…)" };
  if (bytes.subarray(0, 2).toString("latin1") === "PK")
    return { is: "is a zip archive (or a spreadsheet)", hint: "unpack it or export it as text" };
  const start = bytes.subarray(0, 4096);
  const nuls = start.filter((byte) => byte === 0).length;
  if (nuls === 0) return null;
  return nuls > start.length / 4
    ? { is: "looks like UTF-16 text", hint: convert }
    : { is: "holds binary data", hint: "check that it is the right file" };
}
