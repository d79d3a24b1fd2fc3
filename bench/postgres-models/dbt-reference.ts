/** How a dbt model names a table: a source in bronze, else a model. */
export function tableReference(table: string): string {
  const [layer = "", name = ""] = table.split(".");
  return layer === "bronze" ? `{{ source('bronze', '${name}') }}` : `{{ ref('${name}') }}`;
}

/** SQL as Assay compiled it (tables as `"layer"."name"`) with every table named that way. */
export function referenced(sql: string): string {
  return sql.replace(/"(bronze|silver|gold)"\."(\w+)"/g, (_, layer: string, name: string) => tableReference(`${layer}.${name}`));
}
