// What JavaScript has and JSON does not: brought into a form that the core reads, or refused with
// its place.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createContext, runInContext } from "node:vm";

import { FreeholdError } from "../dist/index.js";
import { bytesOf, decodeCell, encode, encodeParams, toText } from "../dist/values.js";

const foreign = (code) => runInContext(code, createContext());
const nested = (levels) => {
  let value = 1;
  for (let level = 0; level < levels; level += 1) value = [value];
  return value;
};
class Point {
  x = 1;
}
class Money {
  toJSON() {
    return "12.50";
  }
}
class Endless {
  toJSON() {
    return this;
  }
}

/** A value in a row, and the JSON text that stands for it. */
const TAKEN = [
  ["text", "é😀\0", '"é😀\\u0000"'],
  ["negative zero", -0, "0"],
  ["a whole number beyond 2^53", 2 ** 60, "1.152921504606847e+18"],
  ["a large number", 1.5e300, "1.5e+300"],
  ["the largest safe integer", 2 ** 53 - 1, "9007199254740991"],
  ["null", null, "null"],
  ["a bigint", 5n, "5"],
  ["the largest bigint", 2n ** 63n - 1n, "9223372036854775807"],
  ["the smallest bigint", -(2n ** 63n), "-9223372036854775808"],
  ["a bigint deep within", { a: [1, { b: 2n ** 53n }] }, '{"a":[1,{"b":9007199254740992}]}'],
  ["a date", new Date(0), '"1970-01-01T00:00:00.000Z"'],
  ["a date of another realm", foreign("new Date(0)"), '"1970-01-01T00:00:00.000Z"'],
  ["bytes", new Uint8Array([1, 2, 255]), '"AQL/"'],
  ["no bytes", new Uint8Array(), '""'],
  ["a part of bytes", new Uint8Array([1, 2, 255]).subarray(1), '"Av8="'],
  ["a buffer", new Uint8Array([1]).buffer, '"AQ=="'],
  ["bytes of Node", Buffer.from([1]), '"AQ=="'],
  ["bytes of another realm", foreign("new Uint8Array([1])"), '"AQ=="'],
  ["a member that is undefined", { a: undefined, b: 1 }, '{"b":1}'],
  ["an object without a prototype", Object.assign(Object.create(null), { a: 1 }), '{"a":1}'],
  ["an object of another realm", foreign("({ a: [1] })"), '{"a":[1]}'],
  ["a member called __proto__", JSON.parse('{"__proto__":1,"d":{}}'), '{"__proto__":1,"d":{}}'],
  ["a URL", new URL("https://example.org/a"), '"https://example.org/a"'],
  ["what says how it is JSON", [new Money()], '["12.50"]'],
  ["the same object twice", ((one) => [one, one])({ a: 1 }), '[{"a":1},{"a":1}]'],
  ["a symbol as a name", { [Symbol("s")]: 1, a: 2 }, '{"a":2}'],
];

/** A value in a row that is refused, and the place that is named. */
const REFUSED = [
  ["NaN", { a: [1, NaN] }, "row.a[1]"],
  ["Infinity", { a: Infinity }, "row.a"],
  ["-Infinity", { a: -Infinity }, "row.a"],
  ["undefined in an array", { a: [undefined] }, "row.a[0]"],
  ["a hole of an array", { a: [1, , 3] }, "row.a[1]"],
  ["a function", { a: () => {} }, "row.a"],
  ["a symbol", { a: { b: Symbol("s") } }, "row.a.b"],
  ["a Map", { a: new Map() }, "row.a"],
  ["an instance", { a: new Point() }, "row.a"],
  ["a regular expression", { a: /x/ }, "row.a"],
  ["numbers as a typed array", { a: new Float64Array(1) }, "row.a"],
  ["a view of bytes", { a: new DataView(new ArrayBuffer(1)) }, "row.a"],
  ["a boxed text", { a: new String("x") }, "row.a"],
  ["a promise", { a: Promise.resolve(1) }, "row.a"],
  ["half a surrogate pair", { a: "x\uD800y" }, "row.a"],
  ["the other half", { a: "\uDC00" }, "row.a"],
  ["half a surrogate pair in a name", { a: { "\uD800": 1 } }, "row.a.\uD800"],
  ["a bigint beyond 64 bits", { a: 2n ** 63n }, "row.a"],
  ["a date that is none", { a: new Date(NaN) }, "row.a"],
  ["an instance that stays itself", { a: new Endless() }, "row.a"],
  ["what holds itself", ((loop) => (loop.b = { loop }) && { a: loop })({}), "row.a.b.loop"],
];

function refusal(work) {
  try {
    work();
  } catch (error) {
    assert.ok(error instanceof FreeholdError, String(error));
    return error;
  }
  return assert.fail("it was taken");
}

describe("values", () => {
  for (const [name, value, text] of TAKEN) {
    it(`takes ${name}`, () => assert.equal(toText(encode(value, "row", "row")), text));
  }

  for (const [name, value, place] of REFUSED) {
    it(`refuses ${name}`, () => {
      const error = refusal(() => encode(value, "row", "row"));
      assert.equal(error.code, "invalid_argument");
      assert.equal(error.details.argument, place);
      assert.ok(error.message.includes(place), error.message);
    });
  }

  it("hands back what JSON has a form for, as it is", () => {
    const row = { a: [1, "x", null, { b: true }] };
    assert.equal(encode(row, "row", "row"), row);
  });

  it("leaves what it was given as it was", () => {
    const row = { a: new Date(0), b: [1n], c: { d: new Uint8Array(1) } };
    encode(row, "row", "row");
    assert.ok(row.a instanceof Date && row.b[0] === 1n && row.c.d instanceof Uint8Array);
  });

  it("goes down as deep as the core does, and not without end", () => {
    assert.equal(toText(encode(nested(100), "row", "row")), JSON.stringify(nested(100)));
    const error = refusal(() => encode(nested(10_000), "row", "row"));
    assert.match(error.message, /nested too deeply/);
  });

  it("leaves nothing out of conditions and parameters, which would mean other rows", () => {
    const argument = (params) => refusal(() => encodeParams(params)).details.argument;
    assert.equal(argument({ filter: { slug: undefined } }), "filter.slug");
    assert.equal(argument({ filter: { or: [{ a: { in: [undefined] } }] } }), "filter.or[0].a.in[0]");
    assert.equal(argument({ key: { id: undefined } }), "key.id");
    assert.equal(argument({ params: [1, undefined] }), "params[1]");
    assert.deepEqual(encodeParams({ row: { a: undefined }, after: undefined }), {
      row: { a: undefined },
    });
  });

  it("tags what SQL has and JSON does not", () => {
    const params = [new Uint8Array([1]), Infinity, -Infinity, 2n ** 62n, new Date(0), true];
    assert.equal(
      toText(encodeParams({ params })),
      '{"params":[{"$blob":"AQ=="},{"$real":"Infinity"},{"$real":"-Infinity"},' +
        '4611686018427387904,"1970-01-01T00:00:00.000Z",true]}',
    );
    assert.equal(refusal(() => encodeParams({ params: [NaN] })).details.argument, "params[0]");
  });

  it("names the place within a transaction", () => {
    const request = { method: "insert", params: { table: "t", row: { a: 1n, b: [NaN] } } };
    const error = refusal(() => encodeParams({ requests: [request] }));
    assert.equal(error.details.argument, "requests[0].row.b[0]");
  });

  it("reads what SQL has and JSON does not", () => {
    assert.deepEqual(decodeCell({ $blob: "AQL/" }), new Uint8Array([1, 2, 255]));
    assert.equal(decodeCell({ $bigint: "9223372036854775807" }), 2n ** 63n - 1n);
    assert.equal(decodeCell({ $real: "-Infinity" }), -Infinity);
    for (const plain of [null, 1, "x"]) assert.equal(decodeCell(plain), plain);
  });

  it("writes and reads bytes of any length", () => {
    const bytes = Uint8Array.from({ length: 100_003 }, (_, at) => at % 256);
    assert.deepEqual(bytesOf(encode(bytes, "row", "row")), bytes);
  });
});
