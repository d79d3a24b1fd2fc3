import type { Dice } from "./dice.ts";
import type { BronzeSpec, FileChange, SourceRow } from "./scenario.ts";

/** What the people and systems behind a bronze table do: they know nothing of Assay. */
export interface SourceWorld {
  /** What happens up to the day; `poison`: something among it that a run has to refuse. */
  batch(day: number, poison: boolean): readonly FileChange[];
}

const texts = ["x", "y", "z", "k1", "k2", 'a,"b"\nc', "ü'"];

/** Values of a key column: as few that rows of all tables meet, and that what was deleted comes back. */
const ids = Array.from({ length: 24 }, (_, index) => `k${index + 1}`);

const hour = 3_600_000;

const timeText = (milliseconds: number): string => new Date(milliseconds).toISOString().slice(0, 19).replace("T", " ");

/** The day the simulation starts: in the future, so that the platform may go by the stamps of files written today. */
export const firstDay = Date.UTC(2040, 0, 1);

export function sourceWorld(dice: Dice, spec: BronzeSpec): SourceWorld {
  const alive = new Map<string, SourceRow>();
  const latest = new Map<string, number>();
  const files = new Map<string, readonly SourceRow[]>();
  const older = new Map<string, readonly SourceRow[]>();
  let sent = 0;
  let parts = 1 + dice.below(2);
  let broken: string | null = null;

  const attributes = (): SourceRow => ({
    ref: dice.chance(0.15) ? null : dice.pick(ids),
    grp: dice.chance(0.15) ? null : dice.pick(texts),
    qty: dice.chance(0.15) ? null : String(dice.below(10)),
    price: dice.chance(0.15) ? null : `${dice.below(20)}.${10 + dice.below(90)}`,
  });
  const keyOf = (row: SourceRow): string => `${row.id}/${row.line ?? ""}`;
  /** A change is small against what is there, but for the first. */
  const size = (): number => (alive.size < 6 ? 12 + dice.below(16) : 1 + dice.below(dice.pick([2, 3, 8])));
  const anyKey = (): SourceRow =>
    spec.columns.some(({ name }) => name === "line") ? { id: dice.pick(ids), line: String(dice.below(2)) } : { id: dice.pick(ids) };

  /** A version of a key; its time comes after what was known of the key, unless the row is `late`. */
  const version = (day: number, late: boolean): SourceRow => {
    const key = anyKey();
    const known = alive.get(keyOf(key));
    const before = latest.get(keyOf(key)) ?? firstDay - 24 * hour;
    const on = firstDay + (day - (dice.chance(0.2) ? 0 : 1)) * 24 * hour + dice.below(20 * 3600) * 1000;
    const at = late ? before - (1 + dice.below(72)) * hour : Math.max(before + 1000, on);
    if (!late) latest.set(keyOf(key), at);
    const same = known !== undefined && dice.chance(0.2);
    const row = { ...key, ...(same ? known : attributes()), ts: timeText(at), op: known === undefined ? "I" : "U" };
    return dice.chance(0.12) ? { ...row, op: "D" } : row;
  };

  const write = (file: string, rows: readonly SourceRow[] | null): FileChange => {
    const before = files.get(file);
    if (before !== undefined) older.set(file, before);
    if (rows === null) files.delete(file);
    else files.set(file, rows);
    return { table: spec.name, file, rows };
  };
  const newName = (): string => `f-${String(++sent).padStart(3, "0")}.${spec.format}`;
  const isSoiled = spec.dirt > 0.1;
  /** Some rows become ones that no contract takes. */
  const dirty = (rows: readonly SourceRow[]): readonly SourceRow[] =>
    spec.format === "parquet" || rows.length < 2 || dice.chance(isSoiled ? 0.2 : 0.6)
      ? rows
      : rows.map((row) => (dice.chance(spec.dirt) ? { ...row, qty: "many" } : row));

  const present = (day: number): readonly FileChange[] => {
    for (let change = size(); change > 0; change--) {
      const row = version(day, false);
      if (row.op === "D") alive.delete(keyOf(row));
      else alive.set(keyOf(row), row);
    }
    if (dice.chance(0.15)) parts = 1 + dice.below(3);
    const names = new Set([...files.keys(), ...Array.from({ length: parts }, (_, part) => `part-${part}.${spec.format}`)]);
    return [...names].flatMap((file): readonly FileChange[] => {
      const part = Number(/\d+/.exec(file)?.[0]);
      const rows = part >= parts ? [] : [...alive].filter(([, row]) => Number(row.id?.slice(1)) % parts === part).map(([, row]) => row);
      if (rows.length === 0 && (part >= parts || dice.chance(0.5))) return files.has(file) ? [write(file, null)] : [];
      const sent = dice.chance(0.4) ? dice.shuffled(rows) : rows;
      // Only what changes is sent again soiled: a table that is replaced would be another one each time.
      return [write(file, isSoiled ? dirty(sent) : sent)];
    });
  };

  const events = (day: number): readonly FileChange[] => {
    const repeats = dice.some([...files.values()].flat(), 0.1);
    const rows = [...Array.from({ length: dice.chance(0.1) ? 0 : size() }, () => version(day, dice.chance(0.25))), ...repeats];
    for (const row of rows) alive.set(keyOf(row), row);
    const known = [...files];
    const changes = [write(newName(), dirty(dice.shuffled(rows)))];
    if (known.length > 0 && dice.chance(0.25)) {
      const [file, content] = dice.pick(known);
      changes.push(
        write(
          file,
          content.map((row) => (dice.chance(0.4) ? { ...row, ...attributes() } : row)),
        ),
      );
    }
    if (known.length > 1 && dice.chance(0.2)) changes.push(write(dice.pick(known)[0], null));
    return changes;
  };

  const upserts = (day: number): readonly FileChange[] => {
    const made = Array.from({ length: size() }, () => version(day, dice.chance(0.2)));
    const rows = [...new Map([...made, ...dice.some([...alive.values()], 0.15)].map((row) => [keyOf(row), row])).values()];
    for (const row of rows) {
      if (row.op === "D") alive.delete(keyOf(row));
      else alive.set(keyOf(row), row);
    }
    const known = [...files];
    const repeated = dice.chance(0.2) ? [...rows, ...dice.some(rows, 0.5)] : rows;
    const changes = [write(newName(), dirty(repeated))];
    if (known.length > 0 && dice.chance(0.35)) {
      const [file, content] = dice.pick(known);
      // Sent again as it was before, or corrected.
      changes.push(
        write(
          file,
          (dice.chance(0.6) ? older.get(file) : undefined) ?? content.map((row) => (dice.chance(0.5) ? { ...row, ...attributes() } : row)),
        ),
      );
    }
    if (known.length > 1 && dice.chance(0.2)) changes.push(write(dice.pick(known)[0], null));
    return changes;
  };

  /** A key with two rows, or no file at all. */
  const refused = (): readonly FileChange[] => {
    if (spec.key.length === 0 || dice.chance(0.3)) return [...files.keys()].map((file) => write(file, null));
    const row = { ...anyKey(), ...attributes(), ts: timeText(firstDay), op: "I" };
    broken = spec.load === "replace" ? `part-9.${spec.format}` : newName();
    return [write(broken, [row, { ...row, qty: "77" }])];
  };

  return {
    batch: (day, poison) => {
      const healed = broken === null ? [] : [write(broken, null)];
      broken = null;
      const changes = spec.load === "replace" ? present(day) : spec.load === "append" ? events(day) : upserts(day);
      const some = files.size === 0 ? [write(newName(), [])] : [];
      return [...healed, ...changes, ...some, ...(poison ? refused() : [])];
    },
  };
}
