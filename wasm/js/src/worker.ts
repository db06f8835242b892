/**
 * The dedicated worker that has a database: a browser hands out synchronous files nowhere else.
 *
 * It loads the core when it is asked something, when it is its turn to lead, or where it finds that
 * nobody leads: one that waits for its turn costs next to nothing.
 *
 * @packageDocumentation
 */

import { Engine } from "./engine.js";
import { Leader } from "./tabs/lead.js";
import { databaseOf, leaderLock } from "./tabs/messages.js";
import { isLed } from "./tabs/locks.js";
import { Snapshot } from "./snapshot.js";
import { bufferOf, plain } from "./text.js";
import type { FromWorker, GivenReply, Tab, ToWorker } from "./tabs/messages.js";
import { OWN, Works } from "./tabs/works.js";

/** The part of a worker's global scope that is used here. */
interface Scope {
  readonly name: string;
  readonly navigator: { readonly locks?: LockManager };
  onmessage: ((event: MessageEvent<ToWorker>) => void) | null;
  postMessage(message: FromWorker, transfer?: Transferable[]): void;
  close(): void;
}

const scope = globalThis as unknown as Scope;
let snapshot: Snapshot | undefined;
const works = new Works(() => Engine.start(snapshot), (error) => void fail(error));
let leader: Leader | undefined;
let leave = () => {};

scope.onmessage = ({ data }) => {
  if (data.kind === "ask") works.ask(OWN, data, post, data.spare);
  else if (data.kind === "join") void join(data.tab).catch(fail);
  else works.add(OWN, { run: close });
};

const held = holdLock();
void loadIfFree(databaseOf(scope.name));
held.then(() => scope.postMessage({ kind: "ready" }), fail);

function post(reply: GivenReply): void {
  const buffer = reply.kind === "answer" ? bufferOf(reply.answer) : undefined;
  scope.postMessage(reply, buffer ? [buffer] : []);
}

/** Loads the core where nobody leads, before the page says anything: this worker is likely to. */
async function loadIfFree(database: string | undefined): Promise<void> {
  if (database === undefined || (await isLed(database).catch(() => true))) return;
  snapshot ??= new Snapshot(database);
  works.add(OWN, { run: async () => {} });
}

/** Waits until nobody leads, and leads. Others learn by this worker's own lock when it is gone. */
async function join(tab: Tab): Promise<void> {
  const { locks } = scope.navigator;
  await held;
  const name = leaderLock(tab.name);
  let isFree = false;
  await locks?.request(name, { ifAvailable: true }, (lock) => {
    isFree = lock !== null;
    return isFree ? lead(tab) : undefined;
  });
  if (isFree) return;
  await locks?.request(name, () => {
    // Whoever led may have given its page something ahead, and died.
    works.maybeGiven();
    return lead(tab);
  });
}

/** Leads for as long as the lock is held that says so. */
async function lead(tab: Tab): Promise<void> {
  snapshot ??= new Snapshot(tab.name);
  snapshot.hold(tab.request);
  // It is read while the files are looked at.
  works.add(OWN, { run: (engine) => engine.prepare(tab.request) });
  const started = await Leader.start(tab, scope.name, works);
  if (!(started instanceof Leader)) {
    scope.postMessage({ kind: "refused", answer: started });
    return;
  }
  leader = started;
  leader.onRenew = () => scope.postMessage({ kind: "renew" });
  await works.nothingGiven();
  scope.postMessage({ kind: "leading" });
  leader.announce();
  await new Promise<void>((left) => {
    leave = left;
  });
}

/** Closes the database. Whoever leads next finds it closed when they get the lock. */
async function close(engine: Engine): Promise<void> {
  leader?.end();
  works.stop();
  const answer = plain(await engine.handle({ kind: "close" }, () => {}));
  leave();
  scope.postMessage({ kind: "left", answer });
}

/** Says why and stops: an instance that panicked can't be trusted with the next request. */
async function fail(error: unknown): Promise<void> {
  works.stop();
  // Perhaps that is why: the next start does without it.
  if (snapshot?.isResumed) await snapshot.remove();
  const message = error instanceof Error ? error.message : String(error);
  const { client, id } = works.current ?? {};
  if (client !== undefined && id !== undefined && client !== OWN) leader?.failed(client, id);
  const own = client === OWN && id !== undefined ? { id } : {};
  scope.postMessage({ kind: "failed", message, ...own });
  scope.close();
}

/**
 * Holds a lock named like this worker for as long as it lives. The page waits for it, and gets it
 * when the worker is gone, however it went.
 */
function holdLock(): Promise<void> {
  const { locks } = scope.navigator;
  if (!locks) return Promise.resolve();
  return new Promise((held, refused) => {
    const forever = () => {
      held();
      return new Promise<never>(() => {});
    };
    locks.request(scope.name, forever).catch(refused);
  });
}
