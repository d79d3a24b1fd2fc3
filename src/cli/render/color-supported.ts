import { styleText } from "node:util";

/** Does this stream show colour? Node's own rules: a terminal that has colours, `NO_COLOR`, `FORCE_COLOR`. */
export function colorSupported(stream: NodeJS.WritableStream): boolean {
  return styleText("red", "x", { stream }) !== "x";
}
