import { version } from "./version.ts";

const versionFlags = new Set(["--version", "-V"]);

/** The command line. Sets the process's exit code: 0 success, 1 a failed run or check, 2 wrong use or config. */
export async function main(argv: readonly string[]): Promise<void> {
  if (argv.length === 3 && versionFlags.has(argv[2] ?? "")) {
    process.stdout.write(`${version()}\n`);
    return;
  }
  // Whoever reads the output may stop early (`assay run | head`): the work goes on, what nobody reads is dropped.
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") throw error;
    });
  }
  const { runProgram } = await import("./program.ts");
  process.exitCode = await runProgram(argv, version());
}
