import type { GivenTable, ModelTestDefinition, TestBatchDefinition } from "../../define/model-test.ts";
import { didYouMean } from "../../define/nearest-name.ts";
import { AssayError } from "../../errors.ts";
import type { Location } from "../../terms.ts";

type Plain = Readonly<Record<string, unknown>>;

/** Line of the file, from 1, on which a part of it stands. */
type LineAt = (path: readonly (string | number)[]) => number;

interface TestFile {
  readonly file: string;
  readonly lineAt: LineAt;
}

const batchFields = ["given", "expect", "expectFailure", "now"];
const testFields = ["model", "description", "params", "checks", ...batchFields, "batches"];

/** Tests of a YAML file: name → test. Numbers keep every digit as written. Throws TEST_INVALID. */
export async function yamlModelTests(file: string, text: string): Promise<readonly ModelTestDefinition[]> {
  const { isNode, LineCounter, parseDocument } = await import("yaml");
  const lines = new LineCounter();
  const lineOf = (offset: number | undefined): number => (offset === undefined ? 1 : lines.linePos(offset).line);
  const numbers = ["tag:yaml.org,2002:int", "tag:yaml.org,2002:float"];
  const document = parseDocument(text, {
    lineCounter: lines,
    merge: true,
    // A number stays the text it is: 10.50 is a decimal, 007 may be a code.
    customTags: (tags) => tags.filter((tag) => typeof tag === "string" || !numbers.includes(tag.tag)),
  });
  const [error] = document.errors;
  if (error !== undefined) {
    const message = (error.message.split("\n")[0] ?? "").replace(/ at line \d+, column \d+:?$/, "");
    throw invalid(`the file is not YAML: ${message}`, "correct it at that line or just before it", { file, line: lineOf(error.pos[0]) });
  }
  const lineAt: LineAt = (path) => {
    for (let length = path.length; length > 0; length -= 1) {
      const node = document.getIn(path.slice(0, length), true);
      if (isNode(node)) return lineOf(node.range?.[0]);
    }
    return 1;
  };
  const data: unknown = document.toJS();
  if (data === null) return [];
  if (!isPlain(data)) throw invalid("the file is no list of tests", "write name: { model: …, given: …, expect: … }", { file, line: 1 });
  const keys = new Map(nameLines(document.contents, lineOf));
  return Object.entries(data).map(([name, test]) => yamlTest(name, test, { file, lineAt }, keys.get(name) ?? lineAt([name])));
}

/** The line of each test's name. */
function nameLines(contents: unknown, lineOf: (offset: number | undefined) => number): readonly (readonly [string, number])[] {
  const pairs = isPlain(contents) && Array.isArray(contents.items) ? (contents.items as readonly unknown[]) : [];
  return pairs.flatMap((pair) => {
    const key = isPlain(pair) ? pair.key : null;
    return isPlain(key) && Array.isArray(key.range) ? [[String(key.value), lineOf(Number(key.range[0]))] as const] : [];
  });
}

function yamlTest(name: string, test: unknown, { file, lineAt }: TestFile, line: number): ModelTestDefinition {
  const location = { file, line };
  const fields = fieldsOf(test, testFields, `test ${JSON.stringify(name)}`, { file, lineAt }, [name], line);
  const written = fields.batches;
  if (written !== undefined && !Array.isArray(written))
    throw invalid(`test ${JSON.stringify(name)}: batches is no list`, "write one entry for each run: - given: …", {
      file,
      line: lineAt([name, "batches"]),
    });
  const base = batchOf(fields, { file, lineAt }, [name], line);
  const batches = written?.map((batch: unknown, index): TestBatchDefinition => {
    const path = [name, "batches", index];
    const own = batchOf(
      fieldsOf(batch, batchFields, `test ${JSON.stringify(name)}, batch ${index + 1}`, { file, lineAt }, path, lineAt(path)),
      { file, lineAt },
      path,
      lineAt(path),
    );
    return { ...own, now: own.now ?? base.now, given: index === 0 ? [...base.given, ...own.given] : own.given };
  });
  return {
    kind: "model_test",
    name,
    description: typeof fields.description === "string" ? fields.description : null,
    model: fields.model as string,
    params: fields.params ?? {},
    checks: fields.checks ?? true,
    batches: batches ?? [base],
    misplaced: batches === undefined ? [] : ["expect", "expectFailure"].filter((field) => fields[field] !== undefined),
    location,
  };
}

function fieldsOf(
  value: unknown,
  known: readonly string[],
  label: string,
  { file, lineAt }: TestFile,
  path: readonly (string | number)[],
  line: number,
): Plain {
  if (!isPlain(value))
    throw invalid(`${label} is no { ${known.slice(0, 3).join(", ")}, … }`, `known fields: ${known.join(", ")}`, { file, line });
  const stray = Object.keys(value).find((field) => !known.includes(field));
  if (stray === undefined) return value;
  throw invalid(`${label} has an unknown field ${stray}`, didYouMean(stray, known), { file, line: lineAt([...path, stray]) });
}

function batchOf(fields: Plain, { file, lineAt }: TestFile, path: readonly (string | number)[], line: number): TestBatchDefinition {
  const { given = {}, expect, expectFailure, now } = fields;
  if (!isPlain(given))
    throw invalid("given is no { table: rows }", "write given: and below it bronze.orders: with its rows", {
      file,
      line: lineAt([...path, "given"]),
    });
  const linesOf = (of: readonly (string | number)[], data: unknown): readonly number[] =>
    Array.isArray(data) ? data.map((_, index) => lineAt([...of, index])) : typeof data === "string" ? [lineAt(of) + 1] : [];
  const isWrapped = isPlain(expect) && "rows" in expect;
  const rows = isWrapped ? expect.rows : expect;
  return {
    given: Object.entries(given).map(([table, data]): GivenTable => {
      const of = [...path, "given", table];
      return { table, data, location: { file, line: lineAt(of) }, lines: linesOf(of, data) };
    }),
    expect,
    expectFailure,
    now,
    location: { file, line },
    expectLines: linesOf([...path, "expect", ...(isWrapped ? ["rows"] : [])], rows),
  };
}

const invalid = (message: string, hint: string, location: Location): AssayError =>
  new AssayError("TEST_INVALID", message, { hint, location });

const isPlain = (value: unknown): value is Plain => typeof value === "object" && value !== null && !Array.isArray(value);
