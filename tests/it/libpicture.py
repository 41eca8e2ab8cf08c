# SPDX-License-Identifier: ISC
"""Grey pictures as lists of rows of bytes: written as PNG (ISO/IEC 15948), and turned, blurred and
made noisy as a photograph is. Nothing but the standard library."""
import math
import random
import struct
import zlib

SIGNATURE = b"\x89PNG\r\n\x1a\n"


def chunk(kind, data):
    return (struct.pack(">I", len(data)) + kind + data +
            struct.pack(">I", zlib.crc32(kind + data)))


def header(width, height, depth=8, colour=0, interlaced=0):
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlaced))


def png(rows):
    """A picture of 8 bits of grey."""
    raw = b"".join(b"\0" + bytes(row) for row in rows)
    return (SIGNATURE + header(len(rows[0]), len(rows)) + chunk(b"IDAT", zlib.compress(raw)) +
            chunk(b"IEND", b""))


def jpeg_head(width, height):
    """What a grey JPEG begins with (ITU-T T.81): quantization, its frame, its one scan."""
    def segment(mark, data):
        return bytes((0xFF, mark)) + struct.pack(">H", len(data) + 2) + data

    return (b"\xff\xd8" + segment(0xDB, b"\0" + b"\1" * 64) +
            segment(0xC0, struct.pack(">BHHB", 8, height, width, 1) + b"\1\x11\0") +
            segment(0xC4, b"\0" + b"\1" + bytes(15) + b"\0") +
            segment(0xC4, b"\x10" + b"\1" + bytes(15) + b"\0") +
            segment(0xDA, b"\1\1\0\0\x3f\0") + b"\0\0")


def photograph(rows, degrees, seed):
    """Seen slightly from the side and turned, out of focus, in uneven light, with noise."""
    rng = random.Random(seed)
    height, width = len(rows), len(rows[0])
    room = int(math.hypot(width, height)) + 40
    sine, cosine = math.sin(math.radians(degrees)), math.cos(math.radians(degrees))
    out = []
    for y in range(room):
        row = bytearray(room)
        dy = y - room / 2
        for x in range(room):
            dx = x - room / 2
            lean = 1 + 0.00012 * dx  # what is farther to the right is smaller
            u = int((dx * cosine + dy * sine) * lean + width / 2)
            v = int((dy * cosine - dx * sine) * lean + height / 2)
            is_paper = 0 <= u < width and 0 <= v < height
            row[x] = rows[v][u] if is_paper else 120
        out.append(row)
    out = blurred(out)
    for y, row in enumerate(out):
        for x in range(room):
            light = 0.55 + 0.35 * x / room + 0.1 * y / room
            row[x] = max(0, min(255, int(row[x] * light + 18 + rng.gauss(0, 9))))
    return out


def blurred(rows):
    """Each pixel the mean of the nine around it."""
    height, width = len(rows), len(rows[0])
    out = [bytearray(row) for row in rows]
    for y in range(1, height - 1):
        sums = [a + b + c for a, b, c in zip(rows[y - 1], rows[y], rows[y + 1])]
        out[y][1:width - 1] = bytes((sums[x - 1] + sums[x] + sums[x + 1]) // 9
                                    for x in range(1, width - 1))
    return out


def terminal(lines, scale=4):
    """What half blocks show, as a picture: what is dark stands in the colour of the text."""
    dark = {" ": (0, 0), "▀": (1, 0), "▄": (0, 1), "█": (1, 1)}
    rows = []
    for line in lines:
        for half in (0, 1):
            row = b"".join((b"\0" if dark[c][half] else b"\xff") * scale for c in line)
            rows += [bytearray(row)] * scale
    return rows
