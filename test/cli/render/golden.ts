import { expect } from "vitest";
import { displayWidth } from "../../../src/cli/render/display-width.ts";

export const plain = { color: false, width: 100 } as const;

/** Compares with `golden/<name>.txt` (`vitest -u` writes it); no line may be wider than `width` or end in a space. */
export async function expectGolden(text: string, name: string, width: number = plain.width): Promise<void> {
  for (const line of text.split("\n")) {
    expect(displayWidth(line), line).toBeLessThanOrEqual(width);
    expect(line).toBe(line.trimEnd());
  }
  expect(text.replaceAll("\n", "")).not.toMatch(/\p{Cc}/u);
  await expect(`${text}\n`).toMatchFileSnapshot(`golden/${name}.txt`);
}
