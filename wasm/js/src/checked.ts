/**
 * Models as the core writes them out once it has checked them: with everything that a model which
 * people wrote leaves to its templates, links and the tenant key.
 *
 * @packageDocumentation
 */

import { builtinFiles, builtinSummaries } from "./builtin.js";
import { FreeholdError } from "./error.js";
import type { Model } from "./model.js";
import { checkModel } from "./open.js";
import type { BundleFiles } from "./open.js";

/**
 * A model, checked and written out.
 *
 * Rejects with `invalid_model`; with `unknown_model` and `io` where it is a built-in one's name.
 */
export async function checkedModel(source: string | Model | BundleFiles): Promise<Model> {
  const { problems, model } = await checkModel(await modelOf(source));
  if (model) return model;
  const lines = problems.map(({ path, message }) => `\n  ${path}: ${message}`);
  const message = `the model has ${problems.length} problem(s):${lines.join("")}`;
  throw new FreeholdError({ code: "invalid_model", message, problems });
}

async function modelOf(source: string | Model | BundleFiles): Promise<string | Model> {
  if (typeof source !== "string") return "tables" in source ? source : source.model;
  const files = (await builtinFiles(source)) as BundleFiles | undefined;
  if (files) return files.model;
  const known = builtinSummaries().map(({ name }) => name);
  const message = `there is no built-in model \`${source}\`; there are: ${known.join(", ")}`;
  throw new FreeholdError({ code: "unknown_model", message });
}
