"""Verifies and makes password hashes with argon2-cffi, which wraps the reference implementation.

Reads {"verify": [[hash, password], ...], "hash": [password, ...]} and writes the answers.
"""

import json
import sys

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError


def is_right(phc, password):
    try:
        return PasswordHasher().verify(phc, password)
    except VerifyMismatchError:
        return False


request = json.load(sys.stdin)
# The second one is of another strength than the core's: it must be read from the string.
hashers = [PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1), PasswordHasher()]
answer = {
    "verify": [is_right(phc, password) for phc, password in request["verify"]],
    "hash": [[hasher.hash(password) for hasher in hashers] for password in request["hash"]],
}
json.dump(answer, sys.stdout)
