// A thread that waits for another: whether it stays awake meanwhile, and for how long.

import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";

import { Awake } from "../dist/awake.js";

const own = { scheduler: globalThis.scheduler, now: performance.now };
let now = 0;
let tasks = [];

/** Runs what was scheduled, and what that schedules, a tenth of a millisecond each; how many. */
function runTasks(atMost = 100) {
  let ran = 0;
  for (; tasks.length > 0 && ran < atMost; ran += 1) {
    now += 0.1;
    tasks.shift()();
  }
  return ran;
}

beforeEach(() => {
  [now, tasks] = [1000, []];
  performance.now = () => now;
  globalThis.scheduler = {
    postTask(task, { priority }) {
      assert.equal(priority, "background");
      tasks.push(task);
    },
  };
});

afterEach(() => {
  performance.now = own.now;
  globalThis.scheduler = own.scheduler;
});

for (const waitsFor of ["request", "answer"]) {
  /** A conversation of so many requests, each so long after the answer before. */
  const converse = (requests, pauseMs) => {
    const awake = new Awake(waitsFor);
    for (let at = 0; at < requests; at += 1) {
      now += pauseMs;
      awake.request();
      if (waitsFor === "request") awake.answer();
      if (at < requests - 1 && waitsFor === "answer") awake.answer();
    }
    return awake;
  };

  describe(`a thread that waits for a${waitsFor === "answer" ? "n answer" : " request"}`, () => {
    it("sleeps after a request that comes alone", () => {
      converse(1, 0);
      assert.equal(runTasks(), 0);
      converse(5, 2);
      assert.equal(runTasks(), 0);
    });

    it("stays awake for a quarter of a millisecond after the second of two that are close", () => {
      converse(2, 0.2);
      const ran = runTasks();
      assert.ok(ran >= 2 && ran <= 4, `${ran} tasks`);
    });

    it("runs one task at a time, however many come", () => {
      converse(20, 0.01);
      assert.equal(tasks.length, 1);
    });

    it("goes on where no tasks can be scheduled so", () => {
      for (const scheduler of [undefined, {}]) {
        globalThis.scheduler = scheduler;
        converse(3, 0.1);
        assert.equal(runTasks(), 0);
      }
    });
  });
}

it("what was waited for lets the thread sleep", () => {
  const awake = new Awake("answer");
  awake.answer();
  awake.request();
  assert.equal(tasks.length, 1);
  awake.answer();
  assert.equal(runTasks(), 1);
});
