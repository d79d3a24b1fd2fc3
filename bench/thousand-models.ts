import { writeProject } from "./write-files.ts";

const levels = 25;
const width = 40;

/**
 * Writes a project of 1,000 `.sql` models in 25 levels of 40, over one bronze table: filters at the bottom, then joins of two or three
 * earlier models and aggregates of their results by turns. Every second level declares its columns, the others have theirs inferred.
 */
export function writeThousandModels(folder: string): void {
  const files: Record<string, string> = { "sources/events.ts": source, "data/events.csv": events() };
  for (let level = 0; level < levels; level += 1) {
    for (let place = 0; place < width; place += 1) {
      files[`models/${nameOf(level, place).replace(".", "/")}.sql`] = modelText(level, place);
    }
  }
  writeProject(folder, "thousand-models", files);
}

const source = `import { bronze, csv, t } from "assay";

export const events = bronze("events", {
  from: csv("events.csv", { directory: "./data" }),
  columns: { event_id: t.integer(), account_id: t.integer(), country: t.varchar(), happened_at: t.timestamp(), amount: t.decimal(12, 2) },
  key: ["event_id"],
});
`;

function events(): string {
  const rows = Array.from({ length: 1000 }, (_, id) => {
    const day = String((id % 28) + 1).padStart(2, "0");
    return `${id},${id % 50},${["CH", "BR", "FR", "JP"][id % 4]},2026-01-${day} 06:00:00,${id % 97}.${String((id * 7) % 100).padStart(2, "0")}`;
  });
  return `event_id,account_id,country,happened_at,amount\n${rows.join("\n")}\n`;
}

function nameOf(level: number, place: number): string {
  return `${level < 10 ? "silver" : "gold"}.level_${String(level).padStart(2, "0")}_${String(place).padStart(2, "0")}`;
}

function modelText(level: number, place: number): string {
  if (level === 0) return baseModel(place);
  return level % 2 === 1 ? aggregateModel(level, place) : joinModel(level, place);
}

function baseModel(place: number): string {
  return `/*
description: Events of slice ${place}.
grain: [event_id]
*/
select event_id, account_id, country, happened_at::date as day, amount
from bronze.events
where event_id % ${width} <= ${place}
`;
}

function aggregateModel(level: number, place: number): string {
  const columns = level === 1 ? "amount" : "total";
  const rows = level === 1 ? "count(*)" : "sum(events)::bigint";
  return `/*
description: Accounts by day, from the level below.
grain: [account_id, day]
columns:
  account_id: integer
  day: date
  country: varchar
  events: bigint
  total: decimal(18,2)
*/
with days as (
  select account_id, day, min(country) as country, ${rows} as events, (sum(${columns}) * 0.5)::decimal(18, 2) as total
  from ${nameOf(level - 1, place)}
  group by account_id, day
)
select account_id, day, country, events, total
from days
`;
}

function joinModel(level: number, place: number): string {
  const second = nameOf(level - 1, (place * 7 + 3) % width);
  const third = nameOf(level - 1 - 2 * (place % Math.max(1, level / 2)), (place + 11) % width);
  return `/*
description: Three earlier models side by side.
grain: [account_id, day]
*/
select
  a.account_id,
  a.day,
  a.country,
  a.events,
  a.total + coalesce(b.total, 0) - least(coalesce(c.total, 0), a.total) as total,
  rank() over (partition by a.country order by a.total desc, a.account_id, a.day) as place_in_country
from ${nameOf(level - 1, place)} as a
left join ${second} as b on b.account_id = a.account_id and b.day = a.day
left join ${third} as c on c.account_id = a.account_id and c.day = a.day
where a.events > 0
`;
}
