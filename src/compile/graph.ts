import { AssayError } from "../errors.ts";
import type { Location } from "../terms.ts";

export interface GraphNode<Name extends string> {
  readonly name: Name;
  readonly upstreams: readonly Name[];
  readonly location: Location;
}

/** The nodes in an order in which each stands after its upstreams; otherwise in the order given. Throws CYCLE. */
export function dependencyOrder<Name extends string, Node extends GraphNode<Name>>(
  nodes: readonly Node[],
  what: "models" | "functions" = "models",
): readonly Node[] {
  const byName = new Map(nodes.map((node) => [node.name, node]));
  const ordered: Node[] = [];
  const state = new Map<Name, "open" | "done">();
  for (const start of nodes) {
    // An explicit stack: chains of models may be longer than the call stack allows.
    const stack: { readonly node: Node; next: number }[] = [{ node: start, next: 0 }];
    if (state.has(start.name)) continue;
    state.set(start.name, "open");
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const upstream = top.node.upstreams[top.next];
      top.next += 1;
      if (upstream === undefined) {
        stack.pop();
        state.set(top.node.name, "done");
        ordered.push(top.node);
        continue;
      }
      const node = byName.get(upstream);
      if (node === undefined || state.get(upstream) === "done") continue;
      if (state.get(upstream) === "open") throw cycle([...stack.map((item) => item.node), node], what);
      state.set(upstream, "open");
      stack.push({ node, next: 0 });
    }
  }
  return ordered;
}

/** Nodes in dependency order, cut into levels: each node's upstreams stand in earlier levels. */
export function dependencyLevels<Name extends string, Node extends GraphNode<Name>>(
  ordered: readonly Node[],
): readonly (readonly Node[])[] {
  const depth = new Map<Name, number>();
  const levels: Node[][] = [];
  for (const node of ordered) {
    const level = node.upstreams.reduce((deepest, name) => Math.max(deepest, (depth.get(name) ?? -1) + 1), 0);
    depth.set(node.name, level);
    const peers = levels[level];
    if (peers === undefined) levels[level] = [node];
    else peers.push(node);
  }
  return levels;
}

function cycle(path: readonly GraphNode<string>[], what: "models" | "functions"): AssayError {
  const last = path.at(-1);
  const circle = path.slice(path.findIndex((node) => node.name === last?.name));
  return new AssayError("CYCLE", `${what} depend on each other in a circle: ${circle.map((node) => node.name).join(" → ")}`, {
    hint:
      what === "models"
        ? "each arrow reads “reads from”; let one of them read from a table further up instead"
        : "each arrow reads “calls”; a function cannot call itself, by way of others either",
    location: last?.location,
  });
}
