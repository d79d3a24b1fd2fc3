/** Text that Markdown shows as it stands, on one line, also in a table's cell. */
export function markdownText(text: string): string {
  return (
    oneLine(text)
      // No HTML, links, emphasis, formulas. An underscore within a word is none of these.
      .replace(/[\\`*[\]<|~&$]|(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])|:(?=\/\/)|(?<=\bwww)\./giu, (sign) => `&#${sign.codePointAt(0)};`)
      // Mentions of people and issues are looked for in the rendered text.
      .replace(/[@#](?=\w)(?!\d+;)/g, "$&<!-- -->")
  );
}

/** Text as code, in a run of backticks that the text does not hold; in a table's cell a bar would end the cell. */
export function markdownCode(text: string): string {
  const plain = oneLine(text);
  if (plain.includes("|")) return markdownText(plain);
  const longest = Math.max(0, ...[...plain.matchAll(/`+/g)].map((match) => match[0].length));
  const fence = "`".repeat(longest + 1);
  const pad = plain === "" || /^[` ]|[` ]$/.test(plain) ? " " : "";
  return `${fence}${pad}${plain}${pad}${fence}`;
}

const oneLine = (text: string): string =>
  [...text]
    .map((sign) => (/[\p{Cc}\p{Cf}\u2028\u2029]/u.test(sign) ? " " : sign))
    .join("")
    .replace(/ {2,}/g, " ")
    .trim();
