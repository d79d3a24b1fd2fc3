import { quoteIdentifier, quoteText } from "../../define/quote.ts";

/** `create schema if not exists` asks for the right to make schemas even where the schema is there. */
export function createSchemaIfMissing(schema: string): string {
  const create = `create schema ${quoteIdentifier(schema)}`;
  return `do $schema$ begin if to_regnamespace(${quoteText(quoteIdentifier(schema))}) is null then execute ${quoteText(create)}; end if; end $schema$`;
}
