import type { Chunk } from "../plan/plan.ts";
import type { Extract } from "../ports/state-store.ts";

/** The chunks of what was extracted: ranges of rows of its Parquet files, in their order. */
export function chunksOf({ batch_id, chunk_rows, current }: Extract): readonly Chunk[] {
  const files = current.filter((file) => file.batch_id === batch_id && file.replay_of === null && file.files !== "");
  const ranges = files.flatMap(({ files: file, rows }) =>
    Array.from({ length: Math.ceil(rows / chunk_rows) }, (_, index) => {
      const first = index * chunk_rows;
      return { file, first, rows: Math.min(chunk_rows, rows - first) };
    }),
  );
  return ranges.map((range, index) => ({ batch_id, chunk: index + 1, of: ranges.length, ...range }));
}
