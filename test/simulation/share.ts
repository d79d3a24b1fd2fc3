import { runShare } from "./seeds.ts";

/** A process of its own for one share of the seeds: `node test/simulation/share.ts 0`. */
const wrong = await runShare(Number(process.argv[2] ?? 0), process.env);
if (wrong !== "") {
  process.stderr.write(wrong);
  process.exitCode = 1;
}
