/** A minimal promise API over a worker that runs SQL. */

export class WorkerLink {
  #worker;
  #waiting = new Map();
  #last = 0;

  constructor(worker) {
    this.#worker = worker;
    worker.onmessage = ({ data: { id, value, error } }) => {
      const { resolve, reject } = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (error === undefined) resolve(value);
      else reject(new Error(error));
    };
    worker.onerror = ({ message }) => {
      for (const { reject } of this.#waiting.values()) reject(new Error(message));
    };
  }

  ask(kind, sql, bind) {
    this.#last += 1;
    const id = this.#last;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#worker.postMessage({ id, kind, sql, bind });
    });
  }
}

/** Answers such a link inside of the worker. `kinds` holds a function for each kind of question. */
export function answer(kinds) {
  let turn = Promise.resolve();
  const reply = async ({ id, kind, sql, bind }) => {
    try {
      const value = kinds[kind](sql, bind);
      globalThis.postMessage({ id, value: value instanceof Promise ? await value : value });
    } catch (error) {
      globalThis.postMessage({ id, error: `${error?.message ?? error}` });
    }
  };
  globalThis.onmessage = ({ data }) => {
    turn = turn.then(() => reply(data));
  };
}
