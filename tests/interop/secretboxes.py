"""Opens and makes secretboxes, and checks XChaCha20-Poly1305, with PyNaCl, which wraps libsodium.

Reads {"open": [[key, box], ...], "seal": [[key, plain], ...]}, keys in hexadecimal and boxes in
base64, and writes the answers; null for a box that does not open.
"""

import json
import sys

from nacl.encoding import Base64Encoder
from nacl.exceptions import CryptoError
from nacl.secret import SecretBox


def opened(key, box):
    try:
        return SecretBox(bytes.fromhex(key)).decrypt(box.encode(), encoder=Base64Encoder).decode()
    except CryptoError:
        return None


def sealed(key, plain):
    return SecretBox(bytes.fromhex(key)).encrypt(plain.encode(), encoder=Base64Encoder).decode()


request = json.load(sys.stdin)
answer = {
    "open": [opened(key, box) for key, box in request["open"]],
    "seal": [sealed(key, plain) for key, plain in request["seal"]],
}
json.dump(answer, sys.stdout)
