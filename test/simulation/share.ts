import { runShare } from "./seeds.ts";

/** A process of its own for one share of the seeds; its last line is the outcome as JSON. */
const outcome = await runShare(Number(process.argv[2] ?? 0), process.env);
process.stdout.write(`${JSON.stringify(outcome)}\n`);
