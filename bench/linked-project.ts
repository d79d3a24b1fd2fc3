import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { freshFolder } from "./places.ts";

/** A project that is given files one by one. */
export interface LinkedProject {
  readonly folder: string;
  /** Where the files are written. */
  readonly data: string;
  readonly project: string;
  /** Lets the project see a file of that name, in its folder `data`. */
  give(name: string): void;
}

/** An empty project below bench/.work, and a folder beside it for files. */
export function linkedProject(name: string): LinkedProject {
  const folder = freshFolder(name);
  const [data, project] = [join(folder, "data"), join(folder, "project")];
  mkdirSync(join(project, "data"), { recursive: true });
  const give = (file: string): void => symlinkSync(join(data, file), join(project, "data", file));
  return { folder, data, project, give };
}
