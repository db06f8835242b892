/**
 * Values of JavaScript on their way to the core and back.
 *
 * The core speaks JSON. What JSON has no form for is either brought into the form that the core
 * reads (`Date`, `bigint`, bytes) or refused before anything is sent, with its place: nothing turns
 * into `null` or `{}` in silence.
 *
 * @packageDocumentation
 */

import { FreeholdError } from "./error.js";

/** Where a value stands: it decides what `undefined` and bytes mean there. */
export type Place =
  /** A row: a member that is `undefined` is left out. */
  | "row"
  /** A filter or a key: leaving something out would mean other rows, so that nothing may be. */
  | "condition"
  /** Parameters of SQL: bytes are tagged there, and nothing is left out. */
  | "parameters";

/** The deepest nesting that is sent. The core's own limit for JSON columns is a little lower. */
const DEPTH_MAX = 110;

const BIGINT_MIN = -(2n ** 63n);
const BIGINT_MAX = 2n ** 63n - 1n;

/** A half of a surrogate pair without the other half, where a text can't be asked. */
const LONE_SURROGATE = /[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/;

/** The places of parameters by their names, where they are no rows. */
const PLACES: Readonly<Record<string, Place>> = {
  key: "condition",
  filter: "condition",
  params: "parameters",
};

/** A number whose text is not the one that `JSON.stringify` gives it. */
class Digits {
  /** Whether one was met while JSON text was made. */
  static met = false;
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  toJSON(): null {
    Digits.met = true;
    return null;
  }
}

/**
 * The value as JSON has it: itself where it holds nothing that JSON has no form for.
 *
 * Throws `invalid_argument`, with the place as `argument`, for what the core could not be told:
 * `undefined` in a place that counts, `NaN`, infinities, functions, symbols, class instances
 * without `toJSON`, lone surrogates, what holds itself, and what is nested too deeply.
 *
 * @param name - The name under which the value is sent; places start with it.
 */
export function encode(value: unknown, place: Place, name: string): unknown {
  return new Encoder(place, name).encode(value);
}

/** The parameters of a call, each encoded as its name tells. Throws as `encode` does. */
export function encodeParams(params: object, before = ""): Record<string, unknown> {
  const encoded: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(params)) {
    const path = before + name;
    if (value === undefined) continue;
    encoded[name] =
      name === "requests" ? encodeRequests(value) : encode(value, PLACES[name] ?? "row", path);
  }
  return encoded;
}

/** JSON text of what `encode` gave: a `bigint` in all its digits. */
export function toText(value: unknown): string {
  Digits.met = false;
  const text = JSON.stringify(value);
  return Digits.met ? write(value) : text;
}

/** A value of a row of SQL: bytes and large integers come in a form of their own. */
export function decodeCell(cell: unknown): unknown {
  if (cell === null || typeof cell !== "object") return cell;
  const [[tag, text] = []] = Object.entries(cell) as [string, string][];
  switch (tag) {
    case "$blob":
      return bytesOf(text ?? "");
    case "$bigint":
      return BigInt(text ?? "");
    case "$real":
      return Number(text);
    default:
      return cell;
  }
}

/** The bytes of a base64 text, as a blob column reads. */
export function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
}

/** Base64 of bytes, as the core reads and writes it. */
export function base64Of(bytes: Uint8Array): string {
  // A call takes only so many arguments.
  const CHUNK = 0x8000;
  let text = "";
  for (let at = 0; at < bytes.length; at += CHUNK) {
    text += String.fromCharCode(...bytes.subarray(at, at + CHUNK));
  }
  return btoa(text);
}

/** The requests of a transaction. */
function encodeRequests(requests: unknown): unknown {
  if (!Array.isArray(requests)) return encode(requests, "row", "requests");
  return requests.map((request: { method?: unknown; params?: object } | null, at) => ({
    ...request,
    params: encodeParams(request?.params ?? {}, `requests[${at}].`),
  }));
}

class Encoder {
  readonly #place: Place;
  /** The way to the value: members' names and items' numbers, the outermost first. */
  readonly #path: (string | number)[];
  /** The objects that the value stands in. */
  readonly #ancestors: object[] = [];

  constructor(place: Place, name: string) {
    this.#place = place;
    this.#path = [name];
  }

  encode(value: unknown): unknown {
    switch (typeof value) {
      case "string":
        return isWellFormed(value) ? value : this.#refuse("has half a surrogate pair in it");
      case "number":
        return this.#encodeNumber(value);
      case "boolean":
        return value;
      case "bigint":
        return this.#encodeBigInt(value);
      case "object":
        return value === null ? null : this.#encodeObject(value);
      case "undefined":
        return this.#refuse("is undefined; `null` stands for no value");
      default:
        return this.#refuse(`is a ${typeof value}, which can't be stored`);
    }
  }

  /** SQLite has infinities, and no column of a model has. */
  #encodeNumber(value: number): unknown {
    if (Number.isSafeInteger(value)) return value;
    // Beyond 2^53 a number is one of several integers. With an exponent the core takes it for a
    // real number, and refuses it where an integer is asked for, rather than storing a neighbour.
    if (Number.isInteger(value)) return new Digits(value.toExponential());
    if (Number.isFinite(value)) return value;
    if (this.#place === "parameters" && !Number.isNaN(value)) return { $real: String(value) };
    return this.#refuse(`is ${value}, which is no value`);
  }

  #encodeBigInt(value: bigint): unknown {
    if (value < BIGINT_MIN || value > BIGINT_MAX) return this.#refuse("is beyond 64 bits");
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : new Digits(value.toString());
  }

  #encodeObject(value: object): unknown {
    // By their tags, so that those of another frame count too.
    switch (Object.prototype.toString.call(value)) {
      case "[object Date]":
        return this.#encodeDate(value as Date);
      case "[object ArrayBuffer]":
        return this.#encodeBytes(new Uint8Array(value as ArrayBuffer));
      case "[object Uint8Array]":
        return this.#encodeBytes(value as Uint8Array);
    }
    if (this.#ancestors.includes(value)) return this.#refuse("holds itself");
    if (this.#ancestors.length >= DEPTH_MAX) return this.#refuse("is nested too deeply");
    this.#ancestors.push(value);
    let encoded: unknown;
    if (Array.isArray(value)) encoded = this.#encodeItems(value);
    else if (isPlain(value)) encoded = this.#encodeMembers(value);
    else encoded = this.#encodeInstance(value);
    this.#ancestors.pop();
    return encoded;
  }

  #encodeDate(value: Date): unknown {
    return Number.isNaN(value.getTime()) ? this.#refuse("is no valid date") : value.toISOString();
  }

  #encodeBytes(value: Uint8Array): unknown {
    const text = base64Of(value);
    return this.#place === "parameters" ? { $blob: text } : text;
  }

  #encodeItems(items: readonly unknown[]): unknown {
    let copy: unknown[] | undefined;
    for (let at = 0; at < items.length; at += 1) {
      // Holes of sparse arrays read as undefined, and are refused as that.
      const item = items[at];
      this.#path.push(at);
      const encoded = this.encode(item);
      this.#path.pop();
      if (encoded === item && !copy) continue;
      copy ??= items.slice(0, at);
      copy.push(encoded);
    }
    return copy ?? items;
  }

  #encodeMembers(value: object): unknown {
    let changed: Map<string, unknown> | undefined;
    for (const name of Object.keys(value)) {
      const member = (value as Record<string, unknown>)[name];
      this.#path.push(name);
      if (!isWellFormed(name)) this.#refuse("has a name with half a surrogate pair in it");
      // A member of a row that is undefined is left out, as JSON leaves it out.
      const isLeftOut = member === undefined && this.#place === "row";
      const encoded = isLeftOut ? undefined : this.encode(member);
      if (encoded !== member) (changed ??= new Map()).set(name, encoded);
      this.#path.pop();
    }
    if (!changed) return value;
    const members = Object.entries(value);
    return Object.fromEntries(
      members.map(([name, member]) => [name, changed.has(name) ? changed.get(name) : member]),
    );
  }

  /** What says itself how it is JSON is asked (`URL`, `Temporal`); others mean nothing here. */
  #encodeInstance(value: object): unknown {
    const { toJSON } = value as { toJSON?: unknown };
    if (typeof toJSON === "function") return this.encode(toJSON.call(value));
    if (ArrayBuffer.isView(value)) {
      return this.#refuse(`is a ${nameOf(value)}; bytes are a Uint8Array`);
    }
    return this.#refuse(`is an instance of ${nameOf(value)}, which can't be stored`);
  }

  #refuse(why: string): never {
    const argument = this.#path.reduce<string>((path, step) => {
      if (typeof step === "number") return `${path}[${step}]`;
      return path === "" ? step : `${path}.${step}`;
    }, "");
    const message = `\`${argument}\` ${why}`;
    throw new FreeholdError({ code: "invalid_argument", message, argument });
  }
}

/** Whether it is an object as one writes it down, also one of another frame. */
function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value) as object | null;
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function nameOf(value: object): string {
  return (value.constructor as { name?: string } | undefined)?.name || "a class";
}

function isWellFormed(text: string): boolean {
  const asked = text as { isWellFormed?(): boolean };
  return asked.isWellFormed?.() ?? !LONE_SURROGATE.test(text);
}

/** JSON text by hand, since `JSON.stringify` writes no integer beyond 2^53. */
function write(value: unknown): string {
  if (value instanceof Digits) return value.text;
  if (Array.isArray(value)) return `[${value.map(write).join(",")}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  const texts = members.map(([name, member]) => `${JSON.stringify(name)}:${write(member)}`);
  return `{${texts.join(",")}}`;
}
