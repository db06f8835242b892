/** One database: opened, made or brought up to date where it has to be, then its tables. */

import { FreeholdError, whenFree } from "@freehold/web";
import type { Storage } from "@freehold/web";

import { go } from "../route";
import type { Route, TableRoute } from "../route";
import { fill, h } from "../ui/dom";
import { notifyError } from "../ui/toast";
import { Workspace } from "../workspace";
import { blocked, waitingForOlder } from "./blocked";
import { setTitle, topBar } from "./frame";
import type { Shown } from "./frame";
import { setupPage } from "./setup";
import { showTables } from "./tables";
import type { Tables } from "./tables";

const ANNOUNCED_MS = 300;

/** Whether only a newer version of this page can go on. */
const isOutdated = (code?: string) =>
  code === "held_by_newer_version" || code === "newer_database";

const isDamaged = (code?: string) => code === "corrupt" || code === "not_a_database";

type DatabaseRoute = Extract<Route, { page: "database" }>;

/** Shows a database, from opening it to closing it. */
export function showDatabase(root: HTMLElement, first: DatabaseRoute): Shown {
  const page = new DatabasePage(root, first);
  void page.open();
  return page;
}

class DatabasePage implements Shown {
  #workspace: Workspace | undefined;
  #tables: Tables | undefined;
  #at: TableRoute | undefined;
  readonly #left = new AbortController();

  constructor(
    readonly root: HTMLElement,
    readonly first: DatabaseRoute,
  ) {
    this.#at = first.at;
  }

  update(route: Route): boolean {
    const { name, storage } = this.first;
    if (route.page !== "database" || route.name !== name || route.storage !== storage) {
      return false;
    }
    this.#at = route.at;
    this.#tables?.show(route.at);
    return true;
  }

  leave(): void {
    this.#left.abort();
    this.#tables?.leave();
    this.#workspace?.close().catch(notifyError);
  }

  async open(): Promise<void> {
    const { name, storage } = this.first;
    setTitle(name);
    this.#frame(name, h("p", { class: "waiting", role: "status" }, `Opening ${name}…`));
    try {
      const onHeld = () => this.#frame(name, waitingForOlder(name));
      const workspace = await Workspace.open(name, storage, onHeld);
      if (this.#left.signal.aborted) return void workspace.close();
      this.#workspace = workspace;
      await workspace.refresh();
      this.#showState(workspace);
    } catch (error) {
      if (!this.#left.signal.aborted) this.#showFailure(error);
    }
  }

  /** Tables where they are there; otherwise what has to be done first. */
  #showState(workspace: Workspace): void {
    if (this.#left.signal.aborted) return;
    setTitle(workspace.model.title);
    if (workspace.isReady || workspace.status.newer) {
      this.#tables = showTables(this.root, workspace, {
        onRemoved: () => this.#go(workspace.storage, true),
        onState: () => this.#restart(workspace),
      });
      this.#tables.show(this.#at);
      return;
    }
    this.#frame(
      workspace.model.title,
      setupPage(workspace, {
        onDone: () => this.#restart(workspace),
        onStorage: (storage) => this.#go(storage, false),
      }),
    );
  }

  #restart(workspace: Workspace): void {
    this.#tables?.leave();
    this.#tables = undefined;
    this.#showState(workspace);
  }

  #showFailure(error: unknown): void {
    const { name } = this.first;
    setTitle(name);
    const code = error instanceof FreeholdError ? error.code : undefined;
    const page = blocked(error, {
      name,
      onRetry: () => (isOutdated(code) ? location.reload() : void this.open()),
      ...(code === "no_opfs" ? { onMemory: () => this.#go("memory", false) } : {}),
      ...(isDamaged(code) ? { onRestore: (backup) => void this.#restore(backup) } : {}),
    });
    this.#frame(name, page);
    if (code === "held_by_another_tab") void this.#goOnWhenFree();
  }

  /** Puts a backup in the place of files that don't open any more. */
  async #restore(backup: File): Promise<void> {
    try {
      await Workspace.restore(this.first.name, backup);
    } catch (error) {
      return notifyError(error);
    }
    await this.open();
  }

  /** Goes on by itself when the other tab closes. */
  async #goOnWhenFree(): Promise<void> {
    const start = performance.now();
    try {
      await whenFree(this.first.name, this.#left.signal);
    } catch {
      return; // This page was left meanwhile.
    }
    // Free at once, and yet held: by something that announces nothing. Asking again is no use.
    if (performance.now() - start > ANNOUNCED_MS) void this.open();
  }

  #frame(title: string, content: HTMLElement): void {
    const crumbs = [h("span", { class: "crumb", "aria-current": "page" }, title)];
    const main = h("main", { class: "narrow", id: "main", tabindex: "-1" }, content);
    fill(this.root, topBar(crumbs), main);
  }

  #go(storage: Storage, isRemoved: boolean): void {
    if (isRemoved) go({ page: "picker" });
    else go({ page: "database", storage, name: this.first.name }, { replace: true });
  }
}
