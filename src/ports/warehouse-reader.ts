import type { Session } from "./engine.ts";

/** How sessions of one warehouse read the tables of another. */
export interface WarehouseReader {
  /** Can views be read too? Where they cannot, only what is stored can. */
  readonly views: boolean;
  /**
   * A relation with the rows a table of the other warehouse has whenever it is read: of `silver.orders`, `assay_versions.gold.x` … It may
   * stand in a view, and holds nothing in the other warehouse that its owner would have to remove first.
   */
  relation(session: Session, table: string): Promise<string>;
}
