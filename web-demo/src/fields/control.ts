/** The right input for a column: text, number, choice, time, JSON, list, file. */

import { bytesOf, formatBytes } from "../model/rows";
import type { ColumnView } from "../model/schema";
import { fill, h } from "../ui/dom";
import type { Props } from "../ui/dom";
import type { Control } from "./field";

/** Texts that may be longer than this get more than one line. */
const LINE_LENGTH_MAX = 300;

/** The input for every type but references. `value` is the row's, or the default. */
export function controlFor(column: ColumnView, value: unknown): Control {
  if (column.array) return column.type === "enum" ? checks(column, value) : list(column, value);
  switch (column.type) {
    case "boolean":
      return column.optional ? optionalBoolean(value) : toggle(value);
    case "enum":
      return select(column, value);
    case "json":
      return json(column, value);
    case "blob":
      return file(value);
    case "timestamp":
      return timestamp(value);
    case "date":
    case "time":
      return line(column, value, { type: column.type, step: "any" });
    case "integer":
    case "real":
      return line(column, value, { inputmode: "decimal", class: "input is-number" }, toNumber);
    case "bigint":
    case "decimal":
      return line(column, value, { inputmode: "decimal", class: "input is-number" });
    default:
      return text(column, value);
  }
}

function text(column: ColumnView, value: unknown): Control {
  if (column.secret) {
    return line(column, undefined, { autocomplete: "off", placeholder: "Never shown again" });
  }
  const isLong = !column.format && (column.max ?? Infinity) > LINE_LENGTH_MAX;
  if (isLong && column.type === "text") {
    const input = h("textarea", { class: "input", rows: 2, value: String(value ?? "") });
    return { element: input, input, read: () => given(column, input.value) };
  }
  const modes: Record<string, string> = { email: "email", url: "url", phone: "tel" };
  const inputmode = modes[column.format ?? ""];
  return line(column, value, inputmode ? { inputmode } : {});
}

function line(
  column: ColumnView,
  value: unknown,
  props: Props = {},
  convert: (text: string) => unknown = (text) => text,
): Control {
  const input = h("input", {
    class: "input",
    type: "text",
    autocomplete: "off",
    spellcheck: "false",
    value: value === null || value === undefined ? "" : String(value),
    ...props,
  });
  const read = () => {
    const text = given(column, input.value);
    return typeof text === "string" && text !== "" ? convert(text) : text;
  };
  return { element: input, input, read };
}

/**
 * An empty input: NULL where the column takes it, the empty text where it takes that, otherwise
 * nothing at all, so that the core says what is missing.
 */
function given(column: ColumnView, text: string): unknown {
  if (text !== "") return text;
  if (column.optional) return null;
  return column.type === "text" && !column.secret && (column.min ?? 0) === 0 ? "" : undefined;
}

/** A number where the text is one; otherwise the text, for the core to refuse. */
function toNumber(text: string): unknown {
  const number = Number(text);
  return text.trim() !== "" && Number.isFinite(number) ? number : text;
}

/** Local time to the minute or second; the row's own text as long as nobody changes it. */
function timestamp(value: unknown): Control {
  const stored = typeof value === "string" ? value : "";
  const shown = toLocal(stored);
  const input = h("input", { class: "input", type: "datetime-local", step: 1, value: shown });
  const read = () => {
    if (input.value === "") return null;
    if (input.value === shown) return stored;
    return new Date(input.value).toISOString();
  };
  const problem = () => (input.validity.badInput ? "Not a whole date and time" : undefined);
  return { element: input, input, read, problem };
}

function toLocal(utc: string): string {
  const time = new Date(utc);
  if (Number.isNaN(time.getTime())) return "";
  const shifted = new Date(time.getTime() - time.getTimezoneOffset() * 60_000);
  return shifted.toISOString().slice(0, "2025-01-31T00:00:00".length);
}

function toggle(value: unknown): Control {
  const input = h("input", { type: "checkbox", class: "switch", checked: value === true });
  return { element: input, input, read: () => input.checked };
}

function optionalBoolean(value: unknown): Control {
  const input = h(
    "select",
    { class: "input", value: value === true ? "true" : value === false ? "false" : "" },
    h("option", { value: "" }, "–"),
    h("option", { value: "true" }, "yes"),
    h("option", { value: "false" }, "no"),
  );
  const values: Record<string, unknown> = { "": null, true: true, false: false };
  return { element: input, input, read: () => values[input.value] };
}

function select(column: ColumnView, value: unknown): Control {
  const isOpen = column.optional || value === undefined || value === null;
  const input = h(
    "select",
    { class: "input", value: String(value ?? "") },
    isOpen && h("option", { value: "" }, column.optional ? "–" : "Choose…"),
    column.values.map((item) => h("option", { value: item }, item)),
  );
  const read = () => input.value || (column.optional ? null : undefined);
  return { element: input, input, read };
}

function checks(column: ColumnView, value: unknown): Control {
  const chosen = Array.isArray(value) ? value : [];
  const boxes = column.values.map((item) =>
    h("input", { type: "checkbox", value: item, checked: chosen.includes(item) }),
  );
  const group = h(
    "div",
    { class: "check-group", role: "group" },
    boxes.map((box) => h("label", { class: "check" }, box, box.value)),
  );
  const read = () => {
    const items = boxes.filter(({ checked }) => checked).map((box) => box.value);
    return items.length === 0 && column.optional ? null : items;
  };
  return { element: group, input: group, read };
}

/** An array of plain values: one per line. */
function list(column: ColumnView, value: unknown): Control {
  if (column.type === "json") return json(column, value);
  const items = Array.isArray(value) ? value.map(String) : [];
  const isNumber = column.type === "integer" || column.type === "real";
  const input = h("textarea", {
    class: "input",
    rows: 3,
    placeholder: "One per line",
    value: items.join("\n"),
  });
  const read = () => {
    const lines = input.value.split("\n").filter((text) => text !== "");
    if (lines.length === 0 && column.optional) return null;
    if (column.type === "boolean") return lines.map((text) => text === "true");
    return isNumber ? lines.map(toNumber) : lines;
  };
  return { element: input, input, read };
}

function json(column: ColumnView, value: unknown): Control {
  const print = (parsed: unknown) => JSON.stringify(parsed, null, 2);
  const input = h("textarea", {
    class: "input is-code",
    rows: 3,
    spellcheck: "false",
    value: value === null || value === undefined ? "" : print(value),
  });
  const parse = (): { value?: unknown; message?: string } => {
    if (input.value.trim() === "") return column.optional ? { value: null } : {};
    try {
      return { value: JSON.parse(input.value) };
    } catch (error) {
      return { message: `Not JSON: ${error instanceof Error ? error.message : String(error)}` };
    }
  };
  input.addEventListener("blur", () => {
    const { value: parsed } = parse();
    if (parsed !== undefined && parsed !== null) input.value = print(parsed);
  });
  return { element: input, input, read: () => parse().value, problem: () => parse().message };
}

function file(value: unknown): Control {
  let bytes = typeof value === "string" ? value : null;
  const input = h("input", { class: "input", type: "file" });
  const size = h("span", { class: "muted" });
  const show = () => fill(size, bytes === null ? "Nothing stored" : formatBytes(bytesOf(bytes)));
  input.addEventListener("change", async () => {
    const chosen = input.files?.[0];
    bytes = chosen ? await toBase64(chosen) : null;
    show();
  });
  show();
  return { element: h("div", { class: "file" }, input, size), input, read: () => bytes };
}

function toBase64(blob: Blob): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result).split(",")[1] ?? "");
    reader.onerror = () => reject(reader.error ?? new Error("the file could not be read"));
    reader.readAsDataURL(blob);
  });
}
