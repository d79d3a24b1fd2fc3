import type { CommonOptions } from "./workspace.ts";

export interface ReplayOptions extends CommonOptions {
  readonly rule?: string;
  readonly batch?: string;
  readonly ids?: readonly string[];
  /** CSV of edited rows. */
  readonly from?: string;
}
