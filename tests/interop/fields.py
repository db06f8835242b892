"""Opens encrypted columns of a database file with libsodium alone, after docs/encryption.md.

Reads {"file": path, "master": base64} and writes {"Ada": [insurance number, findings], ...}: what
stands in the clinic's patients. So the stored form is what the document says, and a file can be
read without this project's code.
"""

import base64
import json
import sqlite3
import struct
import sys

from nacl.bindings import crypto_aead_xchacha20poly1305_ietf_decrypt as decrypt


def part(data):
    return struct.pack(">I", len(data)) + data


def aead(key, place, sealed):
    return decrypt(sealed[24:], place, sealed[:24], key)


def data_key(database, master, tenant, key_id):
    wrapped, = database.execute(
        "SELECT wrapped FROM _freehold_keys WHERE scope = 'tenant' AND holder = ? AND id = ?",
        (tenant, key_id),
    ).fetchone()
    bound = b"freehold key 1" + part(b"tenant") + part(tenant.encode()) + struct.pack(">q", key_id)
    return aead(master, bound, wrapped)


def value(database, master, table, column, tenant, row_id, stored):
    stored = base64.b64decode(stored)
    head = stored[: 9 if stored[0] == 1 else 24]
    key_id, = struct.unpack(">q", head[1:9])
    place = b"freehold column 1" + head
    for text in ("tenant", tenant, table, column):
        place += part(text.encode())
    for text in (tenant, row_id):
        place += part(b"t") + part(text.encode())
    key = data_key(database, master, tenant, key_id)
    return aead(key, place, stored[len(head):]).decode()


request = json.load(sys.stdin)
database = sqlite3.connect(request["file"])
master = base64.b64decode(request["master"])
rows = database.execute(
    "SELECT practice_ref, id, full_name, insurance_number, findings FROM patients"
    " WHERE insurance_number IS NOT NULL"
)
answer = {}
for tenant, row_id, name, number, findings in rows.fetchall():
    # The table's stable id is its first name.
    def read(column, stored):
        return value(database, master, "clients", column, tenant, row_id, stored)

    answer[name] = [read("insurance_number", number), json.loads(read("findings", findings))]
json.dump(answer, sys.stdout)
