/**
 * The leader's side, in its worker: it has the database open and serves the other tabs' clients.
 *
 * @packageDocumentation
 */

import type { Answer, Engine } from "../engine.js";
import { plain } from "../text.js";
import { PoolWatch } from "./cleared.js";
import { whenReleased } from "./locks.js";
import { channelOf, channelOfAll } from "./messages.js";
import type { Broadcast, FromLeader, GivenReply, Reply, Tab, ToLeader } from "./messages.js";
import { OWN } from "./works.js";
import type { Works } from "./works.js";

/** A worker that just died gives its files back late. */
const HELD_PATIENCE_MS = [25, 50, 100, 200, 400, 800];

/** Why a database can't be opened; `undefined` where it was. */
type Refusal = Answer | undefined;

type Hello = Broadcast & { kind: "hello" };

interface Client {
  readonly channel: BroadcastChannel;
  /** Names of what it subscribed to. */
  readonly subscriptions: Set<string>;
  readonly watch: AbortController;
}

/** Whoever leads. */
export class Leader {
  /** What was subscribed to has to be asked for again. */
  onRenew: (() => void) | undefined;
  readonly #epoch: string;
  readonly #works: Works;
  readonly #all: BroadcastChannel;
  readonly #clients = new Map<string, Client>();
  /** How the database is open at the moment. */
  #tab: Tab;

  private constructor(tab: Tab, epoch: string, works: Works) {
    this.#tab = tab;
    this.#epoch = epoch;
    this.#works = works;
    this.#all = new BroadcastChannel(channelOfAll(tab.name));
    this.#all.onmessage = ({ data }: MessageEvent<Broadcast>) => {
      if (data.kind === "hello") this.#greet(data);
    };
  }

  /** Opens the database to lead; what the core says where it refuses. */
  static async start(tab: Tab, epoch: string, works: Works): Promise<Leader | Answer> {
    const refusal = await open(await works.engine(), tab.request);
    if (refusal !== undefined) return refusal;
    const leader = new Leader(tab, epoch, works);
    const pool = new PoolWatch(tab.name, () => leader.#cleared());
    works.onRest = () => pool.look();
    return leader;
  }

  /** Tells everybody. */
  announce(): void {
    this.#tell({ kind: "leader", epoch: this.#epoch });
  }

  /** Tells whose request broke the core. */
  failed(client: string, id: number): void {
    this.#tell({ kind: "failed", client, id });
  }

  /** Nothing is to be done any more with files that are gone. */
  #cleared(): void {
    this.#works.stop();
    this.#tell({ kind: "cleared" });
  }

  /** Hears and answers nobody any more. */
  end(): void {
    this.#all.close();
    for (const name of [...this.#clients.keys()]) this.#forget(name);
  }

  #tell(message: Broadcast): void {
    this.#all.postMessage(message);
  }

  #greet(hello: Hello): void {
    const client = this.#clients.get(hello.client) ?? this.#admit(hello);
    const isLater = hello.openedAt > this.#tab.openedAt;
    const isOther = hello.fingerprint !== this.#tab.fingerprint && isLater;
    const bringsKey = hello.hasKey && !this.#tab.hasKey;
    const message: FromLeader =
      isOther || bringsKey ? { kind: "tell" } : { kind: "welcome", epoch: this.#epoch };
    // From now on the own page is given nothing ahead.
    void this.#works.nothingGiven().then(() => {
      if (this.#clients.get(hello.client) === client) client.channel.postMessage(message);
    });
  }

  #admit(hello: Hello): Client {
    const channel = new BroadcastChannel(channelOf(hello.client));
    const client = { channel, subscriptions: new Set<string>(), watch: new AbortController() };
    channel.onmessage = ({ data }: MessageEvent<ToLeader>) => this.#hear(hello, client, data);
    this.#clients.set(hello.client, client);
    this.#works.isShared = true;
    // Whoever gets a client's lock knows that it is gone.
    void whenReleased(hello.presence, client.watch.signal).then((isGone) => {
      // Or it said that it goes.
      if (isGone) this.#forget(hello.client);
    });
    return client;
  }

  #hear(hello: Hello, client: Client, message: ToLeader): void {
    const name = hello.client;
    switch (message.kind) {
      case "ask": {
        const { ask } = message;
        if (ask.kind === "subscribe") client.subscriptions.add(ask.subscription);
        if (ask.kind === "unsubscribe") client.subscriptions.delete(ask.text);
        return this.#works.ask(name, message, (reply) => send(client.channel, reply));
      }
      case "request":
        return this.#works.add(name, {
          run: async (engine) => {
            const answer = await this.#reopen(engine, hello, message.request);
            const welcome: FromLeader = { kind: "welcome", epoch: this.#epoch };
            const refused = answer === undefined ? welcome : { kind: "refused" as const, answer };
            client.channel.postMessage(refused satisfies FromLeader);
          },
        });
      case "bye":
        return this.#forget(name);
    }
  }

  /** Opens the database as another tab does; as before where that fails. */
  async #reopen(engine: Engine, hello: Hello, request: string): Promise<Refusal> {
    const before = this.#tab;
    const isLater = hello.openedAt > before.openedAt;
    const [newer, older] = isLater ? [request, before.request] : [before.request, request];
    const { key: olderKey } = JSON.parse(older) as { key?: string };
    const merged = JSON.stringify({ key: olderKey, ...(JSON.parse(newer) as object) });
    await engine.handle({ kind: "close" }, () => {});
    const refusal = await open(engine, merged);
    if (refusal === undefined) {
      const { openedAt, fingerprint } = isLater ? hello : before;
      const hasKey = hello.hasKey || before.hasKey;
      this.#tab = { name: before.name, request: merged, openedAt, fingerprint, hasKey };
    } else {
      const lost = await open(engine, before.request);
      if (lost !== undefined) throw new Error("the database could not be opened again");
    }
    this.#tell({ kind: "renew", epoch: this.#epoch });
    this.onRenew?.();
    return refusal;
  }

  #forget(name: string): void {
    const client = this.#clients.get(name);
    if (!client) return;
    this.#clients.delete(name);
    this.#works.isShared = this.#clients.size > 0;
    client.watch.abort();
    client.channel.close();
    this.#works.drop(name);
    for (const subscription of client.subscriptions) {
      const run = async (engine: Engine) => {
        await engine.handle({ kind: "unsubscribe", text: subscription }, () => {});
      };
      this.#works.add(OWN, { run });
    }
  }
}

async function open(engine: Engine, request: string): Promise<Refusal> {
  for (const patience of [...HELD_PATIENCE_MS, undefined]) {
    const answer = plain(await engine.handle({ kind: "open", text: request }, () => {}));
    const error = refusalOf(answer);
    if (error === undefined) return undefined;
    if (error.code !== "held_by_another_tab" || patience === undefined) return answer;
    await new Promise((resolve) => setTimeout(resolve, patience));
  }
  return undefined;
}

function refusalOf(answer: Answer): { code: string } | undefined {
  if (typeof answer !== "string") return undefined;
  return (JSON.parse(answer) as { error?: { code: string } }).error;
}

/**
 * Answers a client; what is too large to be copied is answered by saying so. Long texts are texts
 * again: a copy of bytes would bring all of their buffer along, with what others were answered.
 */
function send(channel: BroadcastChannel, reply: GivenReply): void {
  try {
    const isAnswer = reply.kind === "answer";
    const said: Reply = isAnswer ? { ...reply, answer: plain(reply.answer) } : reply;
    channel.postMessage(said);
  } catch (error) {
    if (reply.kind !== "answer") return;
    const message = `the answer could not be handed to this tab: ${String(error)}`;
    const answer = JSON.stringify({ error: { code: "too_large", message } });
    channel.postMessage({ ...reply, answer });
  }
}
