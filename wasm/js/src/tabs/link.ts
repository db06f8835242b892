/**
 * The way from a page to a database that it shares with other tabs.
 *
 * One worker leads: it has the files open. The page asks it, whether it is the page's own or
 * another tab's. When it is gone, calls wait for the next one, and what has no answer yet is asked
 * again.
 *
 * @packageDocumentation
 */

import type { Answer, Ask } from "../engine.js";
import { FreeholdError } from "../error.js";
import { closed, subscriptionKey, unsubscribe, workerFailed } from "../link.js";
import type { Link, OnProgress, Subscription } from "../link.js";
import { DONE } from "../text.js";
import { Thread, type Heard } from "../thread.js";
import { later } from "../later.js";
import { Calls } from "./calls.js";
import { cleared } from "./cleared.js";
import type { Connection } from "./connection.js";
import { whenAsleep } from "./lifecycle.js";
import { whenReleased } from "./locks.js";
import { PROTOCOL, channelOf, channelOfAll, leaderLock } from "./messages.js";
import type { Broadcast, FromLeader, Tab, ToLeader } from "./messages.js";
import { Presence, compareVersions, heldByNewer } from "./presence.js";
import type { WhenHeld } from "./presence.js";
import { unchecked } from "./version.js";

/** How a page takes part. */
export interface Part extends WhenHeld {
  /** The database's name. */
  readonly name: string;
  /** The rest, which may take a while to come. */
  readonly tab: Promise<Tab>;
  /** The newest migration that it knows. */
  readonly version: string;
  readonly connection: Connection;
}

/** What a page has while it is awake and connected, or tries to be. */
interface Awake {
  readonly tab: Tab;
  readonly presence: Presence;
  /** To the leader's worker, where that is another tab's. */
  readonly channel: BroadcastChannel;
  /** Aborted when the page sleeps or closes. */
  readonly until: AbortController;
}

/** Whoever leads, as far as this page knows. */
interface Leading {
  readonly epoch: string;
  readonly isOwn: boolean;
}

/** A page's link to a database that tabs share. */
export class TabLink implements Link {
  readonly #part: Part;
  readonly #calls = new Calls();
  readonly #opened = later<void>();
  #all: BroadcastChannel | undefined;
  /** The page's place in the list of tabs, from when it asks for one. */
  #presence: Presence | undefined;
  #awake: Awake | undefined;
  /** A worker that was started, and waits to be told that it may lead. */
  #spare: Thread | undefined;
  #thread: Thread | undefined;
  #leading: Leading | undefined;
  #left: ((answer: Answer) => void) | undefined;
  #failure: FreeholdError | undefined;
  #isOpen = false;
  /** Counts up whenever the page falls asleep or wakes up. */
  #turn = 0;
  readonly #stopWatching: () => void;

  private constructor(part: Part) {
    this.#part = part;
    part.connection.waitsFor(() => this.#calls.waitingSince);
    this.#stopWatching = whenAsleep(() => this.#sleep(), () => this.#wakeUp());
  }

  /**
   * Connects a page to its database. Rejects with what the core refuses, with `worker_failed`, and
   * with what `Presence.enter` and the rest of its part reject with.
   */
  static async open(part: Part): Promise<TabLink> {
    const link = new TabLink(part);
    link.#wakeUp();
    await link.#opened.promise.catch((error: FreeholdError) => {
      link.#fail(error);
      throw error;
    });
    return link;
  }

  get ended(): boolean {
    // Where the files went, the page can't begin anew: its locks are gone as well.
    return this.#failure !== undefined && this.#failure.code !== "storage_cleared";
  }

  get waitingSince(): number | undefined {
    return this.#calls.waitingSince;
  }

  ask(ask: Ask, onProgress?: OnProgress): Promise<Answer> {
    // Where the files are gone there is nothing to close.
    if (ask.kind === "close") return this.#failure ? Promise.resolve(DONE) : this.#close();
    if (this.#failure) return Promise.reject(this.#failure);
    const { id, answer } = this.#calls.add(ask, onProgress);
    this.#send(id);
    return answer;
  }

  subscribe(
    text: string,
    onEvent: (event: string) => void,
    onAgain?: (answer: Answer) => void,
  ): Subscription {
    if (this.#failure) return { first: Promise.reject(this.#failure), end: () => {} };
    const subscription = subscriptionKey();
    const ask: Ask = { kind: "subscribe", text, subscription };
    const { id, answer } = this.#calls.add(ask);
    this.#calls.listen(id, { ask, onEvent, onAgain });
    this.#send(id);
    const end = () => {
      if (!this.#calls.unlisten(id) || this.#failure) return;
      void this.ask(unsubscribe(subscription)).catch(() => {});
    };
    return { first: answer, end };
  }

  end(): void {
    this.#fail(closed());
  }

  /** Takes part: from the first time on, and whenever the page wakes up. */
  #wakeUp(): void {
    this.#turn += 1;
    const turn = this.#turn;
    this.#wake(turn, this.#part).catch((error: FreeholdError) => {
      // What was given up rejects too.
      if (turn === this.#turn) this.#fail(error);
    });
  }

  async #wake(turn: number, { name, version, whenHeld, onHeld, tab: given }: Part): Promise<void> {
    // Before the list is entered, so that nobody asks for a version in vain.
    this.#all ??= new BroadcastChannel(channelOfAll(name));
    this.#all.onmessage = ({ data }: MessageEvent<Broadcast>) => this.#hear(data);
    const onHeldNow = this.#isOpen ? undefined : onHeld;
    const held = { whenHeld: this.#isOpen ? "wait" : whenHeld, onHeld: onHeldNow } as const;
    // It takes longer to start than all else, and loads the core meanwhile.
    this.#spare ??= new Thread(name);
    const presence = new Presence(name, version);
    this.#presence = presence;
    await presence.enter(held, given);
    const tab = await given;
    if (this.#failure || turn !== this.#turn) return presence.leave();
    const channel = new BroadcastChannel(channelOf(presence.client));
    channel.onmessage = ({ data }: MessageEvent<FromLeader>) => this.#hearLeader(data);
    this.#awake = { tab, presence, channel, until: new AbortController() };
    this.#part.connection.enter("reconnecting");
    this.#hello();
    this.#startThread();
  }

  /** Lets go of everything at once: a page that sleeps must not keep others waiting. */
  #sleep(): void {
    if (this.#failure) return;
    this.#turn += 1;
    const leading = this.#leading;
    this.#letGo();
    if (leading) this.#calls.orphan(leading.epoch, false);
    this.#part.connection.enter("reconnecting");
  }

  #letGo(): void {
    this.#left?.(DONE);
    this.#spare?.end();
    this.#spare = undefined;
    this.#thread?.end();
    this.#thread = undefined;
    this.#leading = undefined;
    this.#awake?.until.abort();
    this.#awake?.channel.close();
    this.#awake = undefined;
    this.#presence?.leave();
    this.#presence = undefined;
    this.#all?.close();
    this.#all = undefined;
  }

  #hello(): void {
    if (!this.#awake) return;
    const { presence, tab: { openedAt, fingerprint, hasKey } } = this.#awake;
    const who = { client: presence.client, presence: presence.lock };
    const hello = { kind: "hello", ...who, openedAt, fingerprint, hasKey } as const;
    this.#all?.postMessage(hello satisfies Broadcast);
  }

  #hear(message: Broadcast): void {
    switch (message.kind) {
      case "leader":
        if (this.#leading?.epoch !== message.epoch && !this.#leading?.isOwn) this.#hello();
        return;
      case "failed":
        if (message.client === this.#awake?.presence.client) this.#calls.broke(message.id);
        return;
      case "renew":
        if (message.epoch === this.#leading?.epoch) this.#renew();
        return;
      case "cleared":
        return this.#fail(cleared());
      case "wanted": {
        const own = { protocol: PROTOCOL, version: this.#part.version };
        if (compareVersions(message, own) > 0) this.#makeWay(message.version);
      }
    }
  }

  #hearLeader(message: FromLeader): void {
    switch (message.kind) {
      case "welcome":
        return this.#follow({ epoch: message.epoch, isOwn: false });
      case "tell":
        return this.#tell(this.#awake?.tab);
      case "refused":
        return this.#refused(message.answer);
      default:
        return this.#calls.hear(message);
    }
  }

  #tell(tab: Tab | undefined): void {
    if (tab) this.#toLeader({ kind: "request", request: unchecked(tab.request) });
  }

  #hearThread(thread: Thread, message: Heard): void {
    switch (message.kind) {
      case "leading":
        return this.#follow({ epoch: thread.name, isOwn: true });
      case "renew":
        return this.#renew();
      case "refused":
        return this.#refused(message.answer);
      case "left":
        return this.#left?.(message.answer);
      case "answer":
      case "progress":
      case "event":
        return this.#calls.hear(message);
      case "ready":
      case "failed":
        // The thread sees to these.
        return;
    }
  }

  #startThread(): void {
    if (this.#thread || !this.#awake) return;
    const thread = this.#spare ?? new Thread(this.#part.name);
    this.#spare = undefined;
    this.#thread = thread;
    thread.post({ kind: "join", tab: this.#awake.tab });
    thread.listen({
      hear: (message) => this.#hearThread(thread, message),
      died: (reason, id) => this.#threadDied(thread, reason, id),
    });
  }

  #threadDied(thread: Thread, reason: string, id: number | undefined): void {
    this.#thread = undefined;
    this.#left?.(DONE);
    if (id !== undefined) this.#calls.broke(id);
    // What led may lead again. What never came so far is tried again when it is needed.
    if (this.#leading?.epoch === thread.name) this.#lost(thread.name, id === undefined);
    else if (!this.#leading) void this.#unlessLed(thread.name, workerFailed(reason));
  }

  /** Without anybody who leads or is about to, calls would wait for ever. */
  async #unlessLed(gone: string, error: FreeholdError): Promise<void> {
    const { until } = this.#awake ?? {};
    for (const lock of [gone, leaderLock(this.#part.name)]) {
      if (!until || !(await whenReleased(lock, until.signal))) return;
    }
    if (this.#leading || this.#thread) return;
    this.#opened.reject(error);
    this.#calls.fail(error);
  }

  #follow(leading: Leading): void {
    const before = this.#leading;
    if (before?.epoch === leading.epoch) return;
    // It may be heard of before the one before it is found to be gone.
    if (before) this.#calls.orphan(before.epoch, true);
    this.#leading = leading;
    this.#isOpen = true;
    if (!leading.isOwn) void this.#watch(leading.epoch);
    this.#part.connection.enter(leading.isOwn ? "leading" : "following");
    this.#opened.resolve();
    this.#calls.sendAll(leading.epoch, this.#toAsk);
    this.#renew();
  }

  /** The leader's worker holds a lock of its name: whoever gets that knows that it is gone. */
  async #watch(epoch: string): Promise<void> {
    const { until } = this.#awake ?? {};
    if (until && (await whenReleased(epoch, until.signal))) this.#lost(epoch, true);
  }

  #lost(epoch: string, isSudden: boolean): void {
    if (this.#leading?.epoch !== epoch) return;
    this.#leading = undefined;
    this.#part.connection.enter("reconnecting");
    this.#calls.orphan(epoch, isSudden);
    this.#startThread();
    // The next one may have said already that it leads.
    this.#hello();
  }

  #renew(): void {
    if (this.#leading) this.#calls.renew(this.#leading.epoch, this.#toAsk);
  }

  #send(id: number): void {
    if (this.#leading) this.#calls.send(id, this.#leading.epoch, this.#toAsk);
    else this.#startThread();
  }

  readonly #toAsk = (id: number, ask: Ask): void => {
    if (this.#leading?.isOwn) this.#thread?.post({ kind: "ask", id, ask });
    else this.#toLeader({ kind: "ask", id, ask });
  };

  #toLeader(message: ToLeader): void {
    this.#awake?.channel.postMessage(message);
  }

  /** The database can't be opened: not at all, or not any more. */
  #refused(answer: Answer): void {
    const { error } = JSON.parse(answer as string) as { error: { code: string; message: string } };
    this.#fail(new FreeholdError(error));
  }

  /** A newer version waits: the app decides when to let go, or else it is done here. */
  #makeWay(wanted: string): void {
    if (this.#failure || this.#part.connection.wanted({ wanted })) return;
    // What was asked can't be waited for where nobody is reached at the moment.
    if (!this.#awake) return this.#fail(heldByNewer());
    this.#failure = heldByNewer();
    this.#opened.reject(this.#failure);
    void this.#close();
  }

  /** Waits for what was asked, and lets go. */
  async #close(): Promise<Answer> {
    await this.#calls.settled();
    let answer: Answer = DONE;
    if (this.#leading?.isOwn && this.#thread) {
      const left = new Promise<Answer>((leave) => {
        this.#left = leave;
      });
      this.#thread.post({ kind: "leave" });
      answer = await left;
    } else {
      this.#toLeader({ kind: "bye" });
    }
    this.#failure ??= closed();
    this.#end();
    this.#endSubscriptions();
    return answer;
  }

  #fail(error: FreeholdError): void {
    if (this.#failure) return;
    this.#failure = error;
    this.#opened.reject(error);
    this.#end();
    this.#calls.fail(error);
    this.#endSubscriptions();
  }

  /** What was closed ends in silence. */
  #endSubscriptions(): void {
    if (this.#failure?.code !== "closed") this.#calls.endSubscriptions(this.#failure ?? closed());
  }

  #end(): void {
    this.#stopWatching();
    this.#letGo();
    this.#part.connection.enter("closed");
  }
}
