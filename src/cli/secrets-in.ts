/** Texts of an address that must never be shown: the address, and its password as it is written there and as it is meant. */
export function secretsIn(url: string | null): readonly string[] {
  if (url === null || !URL.canParse(url)) return [];
  const { password } = new URL(url);
  return [url, password, decodeURIComponent(password)].filter((text) => text !== "");
}
