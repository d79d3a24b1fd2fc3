import { join } from "node:path";
import { redact } from "../define/redact.ts";
import { AssayError, messageOf } from "../errors.ts";
import type { RunEvent, RunEventListener } from "../execute/run-event.ts";
import { groupDigits } from "./group-digits.ts";
import { logFile } from "./log-file.ts";
import { deleteOldLogs } from "./log-retention.ts";
import { printableLines } from "./printable.ts";
import { type LogLine, runLogLines } from "./run-log-lines.ts";
import type { Stage } from "./stage.ts";
import { timestampText } from "./timestamp-text.ts";

export interface RunLogOptions {
  readonly folder: string;
  readonly runId: string;
  /** Size at which a part is closed and the next begun; default 10 MB. At most five parts stay. */
  readonly maxBytes?: number;
  /** Log files that stay in the folder; default 200. */
  readonly keep?: number;
  /** Texts that must not reach the file. */
  readonly secrets?: readonly string[];
}

export interface RunLog {
  readonly listener: RunEventListener;
  readonly path: string;
  /** Closes the file. Rejects with STORAGE_UNWRITABLE or DISK_FULL when a line could not be written: the log is then incomplete. */
  close(): Promise<void>;
}

/** Longer texts are cut: a cell may be a megabyte. */
const longestText = 20_000;

/**
 * The log of one run for people: `<folder>/<runId>.log`, UTF-8, lines `2026-11-21 06:00:00.123Z INFO  text`. A line is in the file when the
 * listener returns. The listener never throws, so a full disk does not change how a run ends. Throws STORAGE_UNWRITABLE or DISK_FULL when
 * the file cannot be opened.
 */
export function runLog(options: RunLogOptions): RunLog {
  const { folder, runId, maxBytes = 10_000_000, keep = 200, secrets = [] } = options;
  if (!/^[\w][\w.-]*$/.test(runId)) throw new AssayError("INTERNAL", `The run id ${JSON.stringify(runId)} cannot name a file`);
  const path = join(folder, `${runId}.log`);
  const file = logFile(path, maxBytes);
  const begun = new Set<Stage>();
  let failure: unknown = null;
  const write = (at: string, lines: readonly LogLine[]): void => {
    if (failure !== null) return;
    try {
      for (const line of lines) file.write(lineText(at, line, secrets));
    } catch (error) {
      failure = error;
    }
  };
  let tidied = false;
  const tidy = (at: string): void => {
    tidied = true;
    try {
      deleteOldLogs(folder, runId, keep);
    } catch (error) {
      write(at, [{ level: "WARN", text: `old run logs cannot be deleted: ${messageOf(error)}` }]);
    }
  };
  return {
    path,
    listener: (event: RunEvent) => {
      write(event.at, runLogLines(event, begun));
      if (!tidied) tidy(event.at);
    },
    async close() {
      file.close();
      if (failure !== null) throw failure;
    },
  };
}

function lineText(at: string, line: LogLine, secrets: readonly string[]): string {
  const prefix = `${timestampText(at, "milliseconds")} ${line.level.padEnd(5)} `;
  const indent = /^ */.exec(line.text)?.[0] ?? "";
  return printableLines(cut(redact(line.text, secrets)))
    .map((text, index) => `${prefix}${index === 0 ? "" : `${indent}  `}${text}\n`)
    .join("");
}

function cut(text: string): string {
  if (text.length <= longestText) return text;
  return `${text.slice(0, longestText)}… (${groupDigits(text.length - longestText)} more characters)`;
}
