/** A record of CSV text. */
export interface CsvRecord {
  /** An empty field without quotes is null. */
  readonly fields: readonly (string | null)[];
  /** From 1. */
  readonly line: number;
}

/** Records of a short CSV text (RFC 4180), blank lines left out; or what is wrong with it, and in which line. */
export function csvRecords(text: string): readonly CsvRecord[] | { readonly fault: string; readonly line: number } {
  const records: CsvRecord[] = [];
  // A field, in quotes or not, and what ends it.
  const field = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/y;
  let fields: (string | null)[] = [];
  let line = 1;
  let start = 1;
  while (field.lastIndex < text.length || fields.length > 0) {
    const match = field.exec(text);
    if (match === null) return { fault: "a quote is not closed, or stands within a field", line };
    const [whole, quoted, plain = "", end] = match;
    fields.push(quoted === undefined ? plain.trim() || null : quoted.replaceAll('""', '"'));
    line += whole.split("\n").length - 1;
    if (end === ",") continue;
    const isBlank = fields.length === 1 && quoted === undefined && plain.trim() === "";
    if (!isBlank) records.push({ fields, line: start });
    fields = [];
    start = line;
  }
  return records;
}
