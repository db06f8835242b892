#!/usr/bin/env python3
"""Checks the chains of change records in a Freehold file, by the rule in docs/audit.md alone.

    python3 tests/audit_chain.py FILE

Prints each mistake, or how many records of how many chains hang together. Exits with 1 where there
is a mistake. Needs nothing but Python's own library, with SQLite 3.37 or newer.
"""

import hashlib
import sqlite3
import sys

RECORDS = """
    SELECT c.scope, c.replica, r.number, r.at, a.kind, a.principal, a.tenant, a.narrowed_to,
           a.ip_address, a.user_agent, r.changes, r.hash
    FROM _freehold_changes r
    LEFT JOIN _freehold_chains c ON c.id = r.chain
    LEFT JOIN _freehold_actors a ON a.id = r.actor
    ORDER BY r.seq
"""


def record_hash(previous, parts):
    """BLAKE2b of 32 bytes over the parts, each after its length in eight bytes, little-endian."""
    state = hashlib.blake2b(digest_size=32)
    for part in ["freehold change 1", previous, *parts]:
        if not isinstance(part, bytes):
            part = str("" if part is None else part).encode()
        state.update(len(part).to_bytes(8, "little"))
        state.update(part)
    return state.digest()


def mistakes(connection):
    """Each mistake as a line, and at last the number of records and chains."""
    ends = {}
    records = 0
    for row in connection.execute(RECORDS):
        *parts, found = row
        scope, replica, number = parts[:3]
        length, head = ends.get((scope, replica), (0, bytes(32)))
        if number != length + 1:
            yield f"{scope}: record {number} stands after record {length}"
        elif record_hash(head, parts) != found:
            yield f"{scope}: record {number} is not what its hash was made of"
        ends[scope, replica] = (number, found)
        records += 1
    chains = list(connection.execute("SELECT scope, replica, length, head FROM _freehold_chains"))
    for scope, replica, length, head in chains:
        if ends.get((scope, replica), (0, bytes(32))) != (length, head):
            yield f"{scope}: the chain does not end with record {length}"
    print(f"{records} records in {len(chains)} chains")


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    connection = sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True)
    found = list(mistakes(connection))
    for line in found:
        print(line)
    sys.exit(1 if found else 0)


main()
