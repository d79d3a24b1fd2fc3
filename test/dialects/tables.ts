import { t } from "../../src/define/types.ts";
import type { Tables } from "../compile/analyzer.ts";

const n = { nullable: true } as const;

/** Small tables with what usually goes wrong: nulls, ties, capitals, accents, spaces, month ends, negative and large numbers. */
export const tables: Tables = {
  "silver.sales": {
    id: t.integer(),
    customer: t.varchar(n),
    product: t.varchar(n),
    qty: t.integer(n),
    small: t.smallint(n),
    big: t.bigint(n),
    amount: t.decimal(10, 2, n),
    rate: t.decimal(6, 4, n),
    price: t.double(n),
    sold_at: t.timestamp(n),
    day: t.date(n),
    opened: t.time(n),
    paid: t.boolean(n),
    doc: t.json(n),
  },
  "silver.people": { customer: t.varchar(), city: t.varchar(n), born: t.date(n), "Kd Nr": t.integer(n) },
  "silver.words": { id: t.integer(), word: t.varchar(n) },
};

const sales = `
(1, 'anna', 'Apple', 3, 1, 10000000000, 10.50, 0.1900, 2.5, '2024-01-31 10:11:12.5', '2024-01-31', '08:30:00', true, '{"a": {"b": "x"}, "n": 1.50, "l": [10, 20]}'),
(2, 'Anna', 'apple', 7, 2, 2, 99.99, 0.0700, 3.5, '2024-02-29 00:00:00', '2024-02-29', '23:59:59', false, '{"a": {"b": null}}'),
(3, 'bert', 'Pear', 0, 3, 3, 0.00, 0.1900, -2.5, '2023-12-31 23:59:59.999999', '2023-12-31', '00:00:00', true, '{}'),
(4, 'Émile', 'pear', -7, -4, -10000000000, -5.25, null, 1e10, '2024-01-01 00:00:00', '2024-01-01', null, null, null),
(5, 'émile', null, 3, 5, 5, 10.50, 0.0000, 0.285, '2024-03-10 02:30:00', '2024-03-10', '12:00:00.25', true, '{"a": {"b": "ÿ"}, "k y": 1}'),
(6, null, 'Apple pie', null, null, null, null, 0.5000, null, null, null, '08:30:00', false, '{"a": [1, 2]}'),
(7, 'Zürich', 'Öl', 12, 7, 7, 1234567.89, 0.3333, 0.1, '2024-11-03 01:30:00', '2024-11-03', '08:30:01', true, '{"n": 3}'),
(8, 'anna', 'Apple', 3, 8, 8, 20.25, 0.1900, 2.675, '2024-12-30 12:00:00', '2024-12-30', '18:00:00', false, '{"a": {"b": "x y"}}')`;

const people = `('anna', 'Zürich', '1990-02-28', 1), ('Anna', null, '2000-01-01', 2), ('bert', 'Bern', null, 3), ('carl', 'Basel', '1985-07-07', null)`;

/** Texts for functions and casts. */
const words = [
  "",
  " ",
  "a",
  "abc",
  "ABC-123",
  "  lead",
  "trail  ",
  "\u00a0nbsp\u00a0",
  "10",
  " 12 ",
  "-7",
  "+5",
  "1.5",
  "2.5",
  "-2.5",
  "1.005",
  "1e2",
  "1e",
  ".5",
  "5.",
  "99999999999",
  "9223372036854775808",
  "abc1",
  "1,5",
  "- 5",
  "true",
  "FALSE",
  "t",
  "no",
  "Yes",
  "on",
  "2024-01-05",
  "2024-1-5",
  "2024/01/05",
  "2024-02-30",
  "2024-13-01",
  "2024-01-05 10:11",
  "2024-01-05 10:11:12",
  "2024-01-05 24:00:00",
  "2024-01-05 10:61:00",
  "2024-01-05 9:05",
  "2024-01-05 1:2:3",
  "2024-01-05x",
  "2024-01-0510",
  "2024-01-05T10:11:12",
  "2024-01-05 10:11:12.1234567",
  "2024-01-05T10:11:12Z",
  "2024-01-05 10:11:12+02",
  "2024-01-05 10:11:12+02:30",
  "2024-01-05 10:11:12-0500",
  "2024-01-05 10:11:12 UTC",
  "2024-01-05 10:11Z",
  "2024-01-05 10:11:12 +02",
  "2024-01-05 10:11:12.5+02",
  "2024-01-05 10:11:12utc",
  "2024-01-05 10:11:12+2",
  "2024-01-05 10:11:12 ",
  "2024-01-05  10:11:12",
  "2024-01-05 10:11:12.",
  "2024-01-05 10:11:60",
  "2024-01-05 24:00:01",
  "2024-01-05 24:00",
  "2024-01-05t10:11:12",
  "024-01-05",
  "2024-01/05",
  "2024 01 05",
  "2024.01.05",
  "2024\\01\\05",
  "2023-02-29",
  " 2024-01-05",
  "2024-01-05 ",
  "\t12",
  "1_000",
  "1__0",
  "1e310",
  "-1e310",
  "1e-400",
  "inf",
  "-Infinity",
  "NaN",
  "1e-1",
  "5e-1",
  "12\u00a0",
  "99999999.995",
  "2147483647.5",
  "-0",
  ".",
  "+",
  "1d",
  "y",
  "n",
  "f",
  "05.01.2024",
  "20240105",
  "today",
  "a,b,,c",
  "100%",
  "a_b",
  "it's",
  'quo"te',
  "Straße",
  "ÄÖÜ",
  "日本語",
  "😀x",
  "line\nbreak",
  "O'Neil; drop table x --",
  "$1 {1} %s",
];

const wordRows = [...words.map((word, index) => `(${index + 1}, '${word.replaceAll("'", "''")}')`), `(${words.length + 1}, null)`].join(
  ",\n",
);

const inserts = `
insert into silver.sales values ${sales};
insert into silver.people values ${people};
insert into silver.words values ${wordRows};`;

function creates(json: string, double: string, text: string): string {
  return `create schema silver;
create table silver.sales (id integer, customer ${text}, product ${text}, qty integer, small smallint, big bigint, amount decimal(10, 2),
  rate decimal(6, 4), price ${double}, sold_at timestamp, day date, opened time, paid boolean, doc ${json});
create table silver.people (customer ${text}, city ${text}, born date, "Kd Nr" integer);
create table silver.words (id integer, word ${text});`;
}

export const duckdbTables = creates("json", "double", "varchar") + inserts;
export const postgresTables = creates("json", "double precision", "text") + inserts;
