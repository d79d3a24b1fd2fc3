import { existsSync } from "node:fs";
import { join } from "node:path";
import { root } from "./build.mjs";
import { runChild } from "./child.mjs";
import { queryWith, report } from "./report.mjs";
import { ensureSetup, runScript } from "./setup.mjs";

const project = join("examples", "nova-retail");
const data = join(project, "data");
const tables = ["orders", "customers", "order_items", "order_payments", "order_reviews", "products", "sellers"];

const isGenerated = () => tables.every((table) => existsSync(join(root, data, `olist_${table}_dataset.csv`)));

/** The value of an option that the closing report has to pass on to its queries. */
function optionOf(args, name) {
  const index = args.indexOf(name);
  const value = index < 0 ? args.find((arg) => arg.startsWith(`${name}=`))?.slice(name.length + 1) : args[index + 1];
  return value === undefined ? [] : [name, value];
}

await runScript(async () => {
  const { node } = ensureSetup();
  const args = process.argv.slice(2);
  const machine = args.includes("--json");
  const say = (text) => (machine ? process.stderr : process.stdout).write(`${text}\n`);
  const assay = (...command) => runChild(node, [join("bin", "assay.js"), ...command], { cwd: root });

  if (process.env.OLIST_DIR) say(`Reading the files in OLIST_DIR (${process.env.OLIST_DIR}).\n`);
  else if (!isGenerated()) {
    say(`Generating 20,000 look-alike orders into ${data} …`);
    const options = ["--orders", "20000", "--seed", "42", "--out", data, ...(machine ? ["--json"] : [])];
    const stdio = ["inherit", machine ? "ignore" : "inherit", "inherit"];
    const code = await runChild(node, [join("bin", "assay.js"), "generate", "olist", ...options], { cwd: root, stdio });
    if (code !== 0) return code;
  }

  say(`Running the example project ${project} …\n`);
  const code = await assay("run", "--project", project, ...args);
  if (machine || code >= 128) return code;
  const query = queryWith({ node, root, project, options: optionOf(args, "--env") });
  say(report({ query, succeeded: code === 0, data: process.env.OLIST_DIR || data }));
  return code;
});
