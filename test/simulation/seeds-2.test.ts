import { test } from "vitest";
import { startShare } from "./start-share.ts";

test("every promise holds, whatever happens: share 2 of 4", { timeout: 0 }, () => startShare(1));
