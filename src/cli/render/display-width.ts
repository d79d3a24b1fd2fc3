let segmenter: Intl.Segmenter | undefined;

/** Made when first needed: it reads tables of all writing systems. */
function graphemesOf(text: string): Intl.Segments {
  segmenter ??= new Intl.Segmenter("en", { granularity: "grapheme" });
  return segmenter.segment(text);
}

/** Latin text without combining marks, and the signs of our own lines (– — • … → ▲ ✓ ✗): one column a character. */
const latin = /^[\u0020-\u007e\u00a0-\u00ac\u00ae-\u02ff\u2013\u2014\u2022\u2026\u2192\u25b2\u2713\u2717]*$/;
const invisible = /^[\p{Mark}\p{Cf}\p{Zl}\p{Zp}]+$/u;
const wide =
  /^[\p{Emoji_Presentation}\p{Script=Han}\p{Script=Hangul}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Yi}\u3001-\u303e\uff01-\uff60\uffe0-\uffe6]/u;
const halfWidthKana = /^[\uff61-\uffdc]/;

/** Columns a text takes on a terminal: East Asian characters and emoji take two, combining marks none. */
export function displayWidth(text: string): number {
  if (latin.test(text)) return text.length;
  let width = 0;
  for (const { segment } of graphemesOf(text)) width += graphemeWidth(segment);
  return width;
}

/** The text, cut to `width` columns with `…` at its end when it is longer. Looks no further into the text than it has to. */
export function cutToWidth(text: string, width: number): string {
  if (text.length <= width && latin.test(text)) return text;
  let taken = 0;
  let fits = 0;
  let end = 0;
  for (const { segment, index } of graphemesOf(text)) {
    taken += graphemeWidth(segment);
    if (taken > width) return `${text.slice(0, end)}${width > 0 ? "…" : ""}`;
    fits = taken;
    if (fits <= width - 1) end = index + segment.length;
  }
  return text;
}

/** The longest beginning of at most `width` columns, at least one character; and the rest. */
export function splitAtWidth(text: string, width: number): readonly [string, string] {
  let taken = 0;
  for (const { segment, index } of graphemesOf(text)) {
    taken += graphemeWidth(segment);
    if (taken > width && index > 0) return [text.slice(0, index), text.slice(index)];
  }
  return [text, ""];
}

function graphemeWidth(grapheme: string): 0 | 1 | 2 {
  if (invisible.test(grapheme)) return 0;
  if (grapheme.includes("\ufe0f")) return 2;
  return wide.test(grapheme) && !halfWidthKana.test(grapheme) ? 2 : 1;
}
