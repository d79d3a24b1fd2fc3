import type { Manifest } from "../compile/manifest.ts";
import { resolveText } from "../compile/settings.ts";
import type { ExecuteContext } from "../execute/context.ts";
import type { Sink } from "../ports/sink.ts";
import { sinkIdentity } from "./prepare-plan.ts";
import { tableSources } from "./project-source.ts";
import { secretsIn } from "./secrets-in.ts";
import type { Workspace } from "./workspace.ts";

/** Connects to sinks when they are first needed. */
export interface SinkOpener {
  readonly open: ExecuteContext["openSink"];
  readonly close: () => Promise<void>;
}

export function sinkOpener(workspace: Workspace): SinkOpener & { readonly use: (manifest: Manifest) => void } {
  const sinks = new Map<string, Promise<{ sink: Sink; identity: string }>>();
  let manifest: Manifest | null = null;
  return {
    use: (compiled) => {
      manifest = compiled;
    },
    open: (name) => {
      if (manifest === null) throw new Error("the project is not compiled yet");
      const opened = sinks.get(name) ?? openSink(workspace, manifest, name);
      sinks.set(name, opened);
      return opened;
    },
    close: async () => {
      // A sink that could not be opened was reported by its step.
      for (const opened of await Promise.allSettled(sinks.values())) if (opened.status === "fulfilled") await opened.value.sink.close();
    },
  };
}

async function openSink(workspace: Workspace, manifest: Manifest, name: string): Promise<{ sink: Sink; identity: string }> {
  const definition = manifest.sinks.find((sink) => sink.name === name);
  if (definition === undefined) throw new Error(`no sink ${name} in the manifest`);
  const { postgresSink } = await import("../adapters/postgres/index.ts");
  const url = resolveText(definition.to.url, workspace.variables, definition.location) ?? "";
  return { sink: postgresSink(url), identity: sinkIdentity(url) };
}

/** Texts that must never be shown: addresses of the warehouse, of sinks and of source tables, and their passwords. */
export function secretsOf(workspace: Workspace, manifest: Manifest): readonly string[] {
  const { variables } = workspace;
  const ofSinks = manifest.sinks.flatMap((sink) => secretsIn(resolveText(sink.to.url, variables, sink.location)));
  const ofSources = tableSources(workspace).flatMap(({ source: { url } }) =>
    // One that is not set is told by its own table.
    secretsIn(typeof url === "string" ? url : resolveText({ ...url, optional: true }, variables)),
  );
  return [...workspace.warehouse.secrets, ...ofSinks, ...ofSources];
}
