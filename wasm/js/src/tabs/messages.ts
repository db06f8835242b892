/**
 * What tabs say to each other about a database that they share, and where.
 *
 * Everybody hears the database's channel: who leads, who is there. What is asked and answered goes
 * over a channel of one client, which only it and the leader's worker listen to, so that a page's
 * busy or sleeping main thread stands in nobody's way but its own.
 *
 * @packageDocumentation
 */

import type { Answer, Ask, Given } from "../engine.js";

/** The form of these messages. A build that changes it counts as a newer version of the app. */
export const PROTOCOL = 1;

/** How a tab opens a database. */
export interface Tab {
  /** The database's name. */
  readonly name: string;
  /** The request to open it, JSON text. */
  readonly request: string;
  /** When this page opened it: of two builds of the same version the later one counts. */
  readonly openedAt: number;
  /** A hash of the model with its migrations and seed sets. */
  readonly fingerprint: number;
  /** Whether it brings the master key. */
  readonly hasKey: boolean;
}

/** What everybody hears. */
export type Broadcast =
  | {
      /** A client is here, and looks for whoever leads. */
      readonly kind: "hello";
      readonly client: string;
      /** The lock that it holds while it lives. */
      readonly presence: string;
      readonly openedAt: number;
      readonly fingerprint: number;
      readonly hasKey: boolean;
    }
  /** A worker leads from now on. An epoch is the name of its worker, and of the lock it holds. */
  | { readonly kind: "leader"; readonly epoch: string }
  /** A worker that led is broken, and what it was doing then. */
  | { readonly kind: "failed"; readonly client: string; readonly id: number }
  /** The leader opened the database anew: what was subscribed to is to be asked for again. */
  | { readonly kind: "renew"; readonly epoch: string }
  /** The database's files were removed. */
  | { readonly kind: "cleared" }
  /** Somebody waits for older versions of the app to let go. Every protocol knows this one. */
  | { readonly kind: "wanted"; readonly protocol: number; readonly version: string };

/** A request on its way, numbered by its client. */
export interface Asked {
  readonly kind: "ask";
  readonly id: number;
  readonly ask: Ask;
}

/** What comes back for a request: at last one answer, events also afterwards. */
export type Reply =
  | { readonly kind: "answer"; readonly id: number; readonly answer: Answer }
  | { readonly kind: "progress"; readonly id: number; readonly progress: string }
  | { readonly kind: "event"; readonly id: number; readonly event: string };

/**
 * A reply as it leaves the core, which the worker's own page gets. Others get long texts as texts,
 * and no pages ahead.
 */
export type GivenReply =
  | Exclude<Reply, { kind: "answer" }>
  | { readonly kind: "answer"; readonly id: number; readonly answer: Given };

/** What a client says to the leader. */
export type ToLeader =
  | Asked
  /** How it opens the database; said when it is asked for. */
  | { readonly kind: "request"; readonly request: string }
  /** It closes. */
  | { readonly kind: "bye" };

/** What the leader says to a client. */
export type FromLeader =
  | Reply
  | { readonly kind: "welcome"; readonly epoch: string }
  /** How does it open the database? */
  | { readonly kind: "tell" }
  /** The database can't be opened like that. */
  | { readonly kind: "refused"; readonly answer: Answer };

/** What a page says to its own worker. */
export type ToWorker =
  /** With the buffer of a long answer that was read, to be used again. */
  | (Asked & { readonly spare?: ArrayBuffer | undefined })
  /** To lead when nobody else does. */
  | { readonly kind: "join"; readonly tab: Tab }
  /** To close the database and lead no longer. */
  | { readonly kind: "leave" };

/** What a worker says to its own page. */
export type FromWorker =
  | GivenReply
  /** It runs, and holds the lock of its name. */
  | { readonly kind: "ready" }
  | { readonly kind: "leading" }
  | { readonly kind: "renew" }
  | { readonly kind: "refused"; readonly answer: Answer }
  | { readonly kind: "left"; readonly answer: Answer }
  /** It is broken and stops; which of this page's requests it was answering, if any. */
  | { readonly kind: "failed"; readonly message: string; readonly id?: number };

/** A new worker's name, which says whose database it will serve, where tabs share one. */
export function nameWorker(database: string | undefined): string {
  const id = `freehold-${crypto.getRandomValues(new Uint32Array(4)).join("-")}`;
  return database === undefined ? id : `${id}/${database}`;
}

/** The database that a worker of this name will serve. */
export function databaseOf(worker: string): string | undefined {
  const at = worker.indexOf("/");
  return at < 0 ? undefined : worker.slice(at + 1);
}

/** The lock that the leader's worker holds. */
export const leaderLock = (name: string): string => `freehold-leader-${name}`;

/** The channel that everybody hears. */
export const channelOfAll = (name: string): string => `freehold-tabs-${name}`;

/** The channel of one client. */
export const channelOf = (client: string): string => `freehold-client-${client}`;
