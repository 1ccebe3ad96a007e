"""A WebSocket text frame as bytes that are ready to be sent (RFC 6455, 5.2).

The library makes a frame anew for each socket. The same one goes to thousands of pages: made once,
each costs no more than the call that sends it.
"""

import struct

FINAL_TEXT = 0x81
SHORT, MEDIUM = 126, 65_536  # lengths from which on two and eight more bytes tell it


def text_frame(text: str) -> bytes:
    """One whole message, unmasked, as a server sends it; nothing at all for an empty one."""
    payload = text.encode()
    length = len(payload)
    if not length:
        return b""
    if length < SHORT:
        return struct.pack("!BB", FINAL_TEXT, length) + payload
    if length < MEDIUM:
        return struct.pack("!BBH", FINAL_TEXT, 126, length) + payload
    return struct.pack("!BBQ", FINAL_TEXT, 127, length) + payload
