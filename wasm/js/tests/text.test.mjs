// Answers as text: what is too long for one is refused.

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { plain } from "../dist/text.js";

describe("an answer", () => {
  it("that no text can hold is an error with a code", () => {
    const utf8 = new Uint8Array(2 ** 29);
    assert.throws(() => new TextDecoder().decode(utf8));
    assert.equal(JSON.parse(plain({ utf8 })).error.code, "too_large");
  });
});
