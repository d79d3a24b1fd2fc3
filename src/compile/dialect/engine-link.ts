import type { ModelDefinition } from "../../define/model.ts";
import type { UpstreamLink } from "../incremental/upstream-link.ts";
import type { ModelTable } from "../manifest.ts";
import { deltaRelation, hatRelation } from "./engine-relations.ts";
import { type EngineContext, engineQuery, engineTextIfAny } from "./engine-text.ts";
import { placeWithin } from "./place-within.ts";

/** A link whose SQL is the engine's. */
export async function engineLink(
  link: UpstreamLink,
  table: ModelTable,
  definition: ModelDefinition | undefined,
  context: EngineContext,
): Promise<UpstreamLink> {
  if (link.kind === "ignored" || link.kind === "full") return link;
  const columnsOf = (name: typeof link.table) => context.columns.get(name) ?? [];
  const given = [deltaRelation(link.table, columnsOf(link.table)), ...link.hats.map((name) => hatRelation(name, columnsOf(name)))];
  if (link.kind === "linked") {
    const touched = await engineTextIfAny({ text: link.touched, given }, context);
    if (touched !== null) return { ...link, touched };
    return {
      table: link.table,
      kind: "full",
      reason: `the SQL that would follow its changes cannot be carried over to ${context.dialect.engine}`,
    };
  }
  const touches = definition?.materialize.kind === "incremental" ? definition.materialize.touches : {};
  const written = Object.entries(touches).find(([name]) => name.toLowerCase() === link.table.toLowerCase())?.[1];
  const place = placeWithin(link.touched, written?.text ?? "", written?.location ?? table.location);
  const owner = `${table.name}: touches of ${link.table}`;
  return { ...link, touched: await engineQuery({ text: link.touched, given, owner, place }, context) };
}
