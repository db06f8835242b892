/**
 * Whose request is next: each client's in their order, the clients by turns.
 *
 * @packageDocumentation
 */

/** What waits to be done, by client. */
export class Queue<Job> {
  /** In the order of turns. A client without jobs is not in it. */
  readonly #byClient = new Map<string, Job[]>();

  /** Puts a job behind the others of its client. */
  add(client: string, job: Job): void {
    const jobs = this.#byClient.get(client);
    if (jobs) jobs.push(job);
    else this.#byClient.set(client, [job]);
  }

  /** Takes the next job; its client's next turn comes after everybody else's. */
  next(): Job | undefined {
    const first = this.#byClient.entries().next();
    if (first.done) return undefined;
    const [client, jobs] = first.value;
    const job = jobs.shift();
    if (jobs.length === 0 || this.#byClient.size > 1) this.#byClient.delete(client);
    if (jobs.length > 0) this.#byClient.set(client, jobs);
    return job;
  }

  /** Forgets a client's jobs. */
  drop(client: string): void {
    this.#byClient.delete(client);
  }
}
