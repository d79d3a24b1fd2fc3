import { buildIfStale } from "./build.mjs";
import { linkPackage } from "./setup.mjs";

/** Before any test: tests that start bin/assay.js need a fresh `dist`. */
export function setup() {
  linkPackage();
  const errors = buildIfStale();
  if (errors !== null) process.stderr.write(`${errors}\n\nThe types have errors (above); testing the JavaScript written all the same.\n`);
}
