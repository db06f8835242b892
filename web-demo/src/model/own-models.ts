/** Models that the user gave to this page, kept beside the databases made of them. */

const PREFIX = "freehold.model.";

/** The text of a model that was given before. */
export function ownModel(name: string): { model: string } | undefined {
  const model = localStorage.getItem(PREFIX + name);
  return model === null ? undefined : { model };
}

/** Keeps a model under its name. */
export function keepOwnModel(name: string, text: string): void {
  localStorage.setItem(PREFIX + name, text);
}

/** Forgets a model. */
export function forgetOwnModel(name: string): void {
  localStorage.removeItem(PREFIX + name);
}

/** The names of the models that were given before. */
export function ownModelNames(): string[] {
  const keys = Array.from({ length: localStorage.length }, (_, at) => localStorage.key(at) ?? "");
  return keys.filter((key) => key.startsWith(PREFIX)).map((key) => key.slice(PREFIX.length));
}
