import { spawn } from "node:child_process";
import { constants } from "node:os";

/**
 * Runs a program on this process's terminal and passes on Ctrl-C and termination. Resolves to the exit code; 128 + n when signal n ended it.
 */
export function runChild(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: "inherit", ...options });
    const forward = (signal) => child.kill(signal);
    const signals = ["SIGINT", "SIGTERM", "SIGHUP"];
    for (const signal of signals) process.on(signal, forward);
    const settled = () => {
      for (const signal of signals) process.off(signal, forward);
    };
    child.on("error", (error) => {
      settled();
      reject(error);
    });
    child.on("close", (code, signal) => {
      settled();
      resolve(code ?? 128 + (constants.signals[signal] ?? 0));
    });
  });
}
