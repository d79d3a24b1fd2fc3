import { styleText } from "node:util";
import type { Outcome } from "../../observe/outcome.ts";

export type Format = "red" | "green" | "yellow" | "blue" | "magenta" | "gray" | "bold" | "dim";

export interface RenderOptions {
  readonly color: boolean;
  /** Columns of the terminal; lines are laid out to fit, only what cannot be cut (a single long word, a number) may be longer. */
  readonly width: number;
}

export function paint(color: boolean, format: Format | null, text: string): string {
  return color && format !== null && text !== "" ? styleText(format, text, { validateStream: false }) : text;
}

export const outcomeFormats: Readonly<Record<Outcome | "quarantined", Format>> = {
  succeeded: "green",
  warned: "yellow",
  failed: "red",
  skipped: "gray",
  running: "blue",
  interrupted: "yellow",
  cancelled: "yellow",
  quarantined: "magenta",
};
