import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { dependencyOrder, type GraphNode } from "../../src/compile/graph.ts";
import { AssayError } from "../../src/errors.ts";

const node = (name: string, ...upstreams: readonly string[]): GraphNode<string> => ({
  name,
  upstreams,
  location: { file: `${name}.ts`, line: 1 },
});
const order = (...nodes: readonly GraphNode<string>[]): readonly string[] => dependencyOrder(nodes).map((item) => item.name);

function cycleOf(...nodes: readonly GraphNode<string>[]): string {
  try {
    dependencyOrder(nodes);
  } catch (error) {
    if (error instanceof AssayError && error.code === "CYCLE") return error.message.replace(/^.*: /, "");
    throw error;
  }
  throw new Error("no cycle found");
}

describe("dependencyOrder", () => {
  it("puts upstreams first and keeps the order given otherwise", () => {
    expect(order(node("c", "a"), node("b"), node("a"))).toEqual(["a", "c", "b"]);
    expect(order(node("x"), node("y"), node("z"))).toEqual(["x", "y", "z"]);
    expect(order(node("d", "b", "c"), node("b", "a"), node("c", "a"), node("a"))).toEqual(["a", "b", "c", "d"]);
  });

  it("leaves names it does not know to others", () => {
    expect(order(node("a", "unknown"))).toEqual(["a"]);
  });

  it("names the circle, and nothing that only leads to it", () => {
    expect(cycleOf(node("a", "a"))).toBe("a → a");
    expect(cycleOf(node("start", "a"), node("a", "b"), node("b", "c"), node("c", "a"))).toBe("a → b → c → a");
  });

  it("orders a chain of 5,000", () => {
    const chain = Array.from({ length: 5000 }, (_, index) => (index === 4999 ? node("n4999") : node(`n${index}`, `n${index + 1}`)));
    const names = order(...chain);
    expect([names.length, names[0], names.at(-1)]).toEqual([5000, "n4999", "n0"]);
    expect(cycleOf(...chain.slice(0, -1), node("n4999", "n0")).split(" → ")).toHaveLength(5001);
  });

  it("is right for any graph", () => {
    const graph = fc.array(fc.uniqueArray(fc.nat(14), { maxLength: 4 }), { maxLength: 15 });
    const check = (edges: readonly (readonly number[])[]): void => {
      const nodes = edges.map((upstreams, index) =>
        node(`n${index}`, ...upstreams.filter((upstream) => upstream < edges.length).map((upstream) => `n${upstream}`)),
      );
      let names: readonly string[];
      try {
        names = order(...nodes);
      } catch (error) {
        if (!(error instanceof AssayError)) throw error;
        const circle = error.message.replace(/^.*: /, "").split(" → ");
        expect(circle[0]).toBe(circle.at(-1));
        for (const [index, name] of circle.slice(0, -1).entries()) {
          expect(nodes.find((item) => item.name === name)?.upstreams).toContain(circle[index + 1]);
        }
        return;
      }
      expect([...names].sort()).toEqual(nodes.map((item) => item.name).sort());
      for (const { name, upstreams } of nodes)
        for (const upstream of upstreams) expect(names.indexOf(upstream)).toBeLessThan(names.indexOf(name));
    };
    fc.assert(fc.property(graph, check), { numRuns: 500 });
  });
});
