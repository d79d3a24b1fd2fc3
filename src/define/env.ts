/** A value read from the process environment when it is needed, never when it is declared. */
export interface Setting {
  readonly kind: "setting";
  readonly name: string;
  readonly fallback: string | null;
  /** Without a value, what depends on it is skipped instead of failing. */
  readonly optional: boolean;
}

/** Text known now, or a setting known at run time. */
export type Text = string | Setting;

export interface SettingOptions {
  readonly default?: string;
  readonly optional?: boolean;
}

/**
 * A setting or secret from the environment. Its value never appears in logs, errors or the API when it is a connection address or secret.
 *
 * @example
 * import { env, postgres } from "assay";
 * const warehouse = postgres(env("WAREHOUSE_URL", { optional: true }));
 */
export function env(name: string, options: SettingOptions = {}): Setting {
  return { kind: "setting", name, fallback: options.default ?? null, optional: options.optional ?? false };
}
