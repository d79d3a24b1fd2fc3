import { durationText } from "../../observe/duration-text.ts";
import { groupDigits } from "../../observe/group-digits.ts";
import { cutToWidth, displayWidth } from "./display-width.ts";
import { paint } from "./paint.ts";

export interface LiveState {
  readonly running: readonly { readonly label: string; readonly since: number }[];
  readonly done: number;
  readonly steps: number;
  readonly began: number;
  readonly now: number;
  readonly color: boolean;
}

/** The last line of a terminal, drawn over again; everything else goes above it. */
export interface LiveLine {
  /** Writes finished lines and the live line below them, in one write. */
  draw(above: readonly string[], state: LiveState): void;
  /** Removes the line; the cursor stands where it began. */
  erase(): void;
}

const frames = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"] as const;

/** The line is kept shorter than the terminal; when the terminal has become narrower since, all rows it now fills are cleared. */
export function liveLine(stream: { write(text: string): unknown }, columns: () => number): LiveLine {
  let drawn = 0;
  const clear = (): string => {
    if (drawn === 0) return "";
    const rowsAbove = Math.ceil(drawn / Math.max(1, columns())) - 1;
    return `${rowsAbove > 0 ? `\x1b[${rowsAbove}A` : ""}\r\x1b[J`;
  };
  return {
    draw(above, state) {
      const text = cutToWidth(liveText(state), Math.max(1, columns() - 1));
      stream.write(`${clear()}${above.map((line) => `${line}\n`).join("")}${paint(state.color, "blue", text)}`);
      drawn = displayWidth(text);
    },
    erase() {
      if (drawn > 0) stream.write(clear());
      drawn = 0;
    },
  };
}

function liveText({ running, done, steps, began, now }: LiveState): string {
  const frame = frames[Math.floor(now / 100) % frames.length] ?? "";
  const names = running.map(({ label, since }) => `${label} ${durationText(now - since)}`).join(", ");
  return `${frame} ${groupDigits(done)} of ${groupDigits(steps)} · ${durationText(now - began)}${names === "" ? "" : ` · ${names}`}`;
}
