import { type Check, driftDefaults } from "../define/check.ts";
import { didYouMean } from "../define/nearest-name.ts";

type Fields = Readonly<Record<string, unknown>>;

/** How one kind of check is written in YAML. */
interface Reader {
  readonly required: readonly string[];
  readonly optional?: readonly string[];
  /** Without one in the YAML; default: `error`. */
  readonly severity?: Check["severity"];
  readonly read: (fields: Fields) => object;
}

const text = (value: unknown): string => String(value);
const listOf = (value: unknown): readonly string[] => (Array.isArray(value) ? value.map(text) : [text(value)]);
const bound = (value: unknown): string | number | null =>
  typeof value === "number" ? value : value === undefined || value === null ? null : text(value);
const count = (value: unknown): number | null => (typeof value === "number" ? value : null);
const column = ({ column: name }: Fields): { readonly column: string } => ({ column: text(name) });

/** Fields of a drift check: those that are not told keep their defaults; wrong values are found where the definition is checked. */
const drift = (kind: keyof typeof driftDefaults, fields: Fields): object =>
  Object.fromEntries(Object.entries(driftDefaults[kind]).map(([name, value]) => [name, fields[name] ?? value]));
const driftFields = Object.keys(driftDefaults.row_count_drift);

const readers: Readonly<Record<Check["kind"], Reader>> = {
  not_null: { required: ["column"], read: column },
  unique: { required: ["column"], read: column },
  unique_combination: { required: ["columns"], read: ({ columns }) => ({ columns: listOf(columns) }) },
  accepted_values: { required: ["column", "values"], read: (fields) => ({ ...column(fields), values: listOf(fields.values) }) },
  between: {
    required: ["column"],
    optional: ["min", "max"],
    read: (fields) => ({ ...column(fields), min: bound(fields.min), max: bound(fields.max) }),
  },
  matches: { required: ["column", "pattern"], read: (fields) => ({ ...column(fields), pattern: text(fields.pattern) }) },
  row_count: { required: [], optional: ["min", "max"], read: ({ min, max }) => ({ min: count(min), max: count(max) }) },
  relationships: {
    required: ["column", "to", "field"],
    read: (fields) => ({ ...column(fields), to: text(fields.to), field: text(fields.field) }),
  },
  expression: { required: ["name", "expression"], read: ({ name, expression }) => ({ name: text(name), expression: text(expression) }) },
  conserves: {
    required: ["column", "upstream"],
    optional: ["measure", "where"],
    read: (fields) => ({
      ...column(fields),
      upstream: text(fields.upstream),
      measure: text(fields.measure ?? fields.column),
      where: fields.where === undefined ? null : text(fields.where),
    }),
  },
  sql: { required: ["name", "query"], read: ({ name, query }) => ({ name: text(name), query: text(query) }) },
  row_count_drift: { required: [], optional: driftFields, severity: "warn", read: (fields) => drift("row_count_drift", fields) },
  null_share_drift: {
    required: ["column"],
    optional: driftFields,
    severity: "warn",
    read: (fields) => ({ ...column(fields), ...drift("null_share_drift", fields) }),
  },
  freshness: {
    required: ["column", "maxAge"],
    read: (fields) => ({ ...column(fields), maxAge: text(fields.maxAge) }),
  },
};

/** `- not_null: customer_id` or `- between: { column: price, min: 0, severity: warn }`; what is wrong with it where it is neither. */
export function checkFromYaml(entry: Fields): { readonly check: Check } | { readonly fault: string } {
  const [[kind, value] = ["", null], ...others] = Object.entries(entry);
  if (others.length > 0)
    return { fault: `a check has one name, this has ${Object.keys(entry).join(" and ")}: indent what belongs to ${kind}` };
  if (!isKind(kind)) return { fault: `there is no check ${kind}; ${didYouMean(kind, Object.keys(readers))}` };
  const { required, optional = [], read } = readers[kind];
  const fields = isFields(value) ? value : Object.fromEntries(required.slice(0, 1).map((name) => [name, value]));
  const known = [...required, ...optional, "severity"];
  const unknown = Object.keys(fields).find((name) => !known.includes(name));
  if (unknown !== undefined) return { fault: `check ${kind} has no ${unknown}; ${didYouMean(unknown, known)}` };
  const missing = required.find((name) => fields[name] === undefined || fields[name] === null);
  if (missing !== undefined) return { fault: `check ${kind} lacks ${missing}; it takes ${known.join(", ")}` };
  const { severity = readers[kind].severity ?? "error" } = fields;
  if (severity !== "error" && severity !== "warn" && severity !== "quarantine")
    return { fault: `the severity of check ${kind} is ${text(severity)}, none of error, warn, quarantine` };
  return { check: { kind, ...read(fields), severity } as Check };
}

const isKind = (kind: string): kind is Check["kind"] => Object.hasOwn(readers, kind);
const isFields = (value: unknown): value is Fields => typeof value === "object" && value !== null && !Array.isArray(value);
