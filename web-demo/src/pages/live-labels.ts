/** What the shown rows refer to, by its labels, kept true as long as they are shown. */

import type { Row } from "@freehold/web";

import type { ColumnView } from "../model/schema";
import type { LabelMap, Workspace } from "../workspace";

/** Labels of referred rows, by the referring column. */
export type Labels = ReadonlyMap<string, LabelMap>;

/** The labels of one column's values. */
interface Watched {
  readonly values: string;
  labels: Promise<LabelMap>;
  end: () => void;
}

/** The labels of a page's rows: one question per referring column, another one for other rows. */
export class LiveLabels {
  readonly #watched = new Map<string, Watched>();

  /** `onChange` is called when a label has changed, or can't be had any more. */
  constructor(
    readonly workspace: Workspace,
    readonly columns: readonly ColumnView[],
    readonly onChange: () => void,
  ) {}

  /** The labels of what these rows refer to; those of other rows are followed no more. */
  async of(rows: readonly Row[]): Promise<Labels> {
    const references = this.columns.filter(({ target }) => target !== undefined);
    const entries = references.map(async (column): Promise<[string, LabelMap]> => {
      const values = [...new Set(rows.map((row) => row[column.name]))].sort();
      return [column.name, await this.#watch(column, values).labels];
    });
    return new Map(await Promise.all(entries));
  }

  /** Ends all questions; what is asked for after that is asked anew. */
  close(): void {
    for (const { end } of this.#watched.values()) end();
    this.#watched.clear();
  }

  #watch({ name, target }: ColumnView, values: readonly unknown[]): Watched {
    const before = this.#watched.get(name);
    const text = JSON.stringify(values);
    if (before?.values === text) return before;
    before?.end();
    let first: ((labels: LabelMap | Promise<LabelMap>) => void) | undefined;
    const labels = new Promise<LabelMap>((resolve) => {
      first = resolve;
    });
    const watched: Watched = { values: text, labels, end: () => {} };
    const { table = "", column = "" } = target ?? {};
    const end = this.workspace.liveLabels(table, column, values, (heard, error) => {
      const answer = error ? Promise.reject<LabelMap>(error) : Promise.resolve(heard);
      if (first) {
        first(answer);
        first = undefined;
        return;
      }
      // Whoever shows the rows says so.
      answer.catch(() => {});
      watched.labels = answer;
      this.onChange();
    });
    watched.end = () => {
      end();
      // Nobody waits for what is shown no more.
      first?.(new Map());
    };
    this.#watched.set(name, watched);
    return watched;
  }
}
