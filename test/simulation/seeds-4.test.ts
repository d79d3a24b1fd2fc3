import { test } from "vitest";
import { runShare } from "./seeds.ts";

test("every promise holds, whatever happens: share 4 of 4", { timeout: 0 }, () => runShare(3));
