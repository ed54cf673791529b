"""The week as a small picture (PNG): a bar a day, the severe part darker, the number over it, the day of the month
under it. Its colours stand on light and on dark ground; the figures are in the text beside it, too."""

import struct
import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kzmonitor.digest.week import Day

# Twice the size at which it is shown, for sharp screens.
WIDTH, HEIGHT = 1120, 300
MARGIN, UNDER, OVER = 20, 48, 52
BAR, SEVERE, INK, LINE = (142, 151, 160, 255), (204, 78, 36, 255), (120, 128, 136, 255), (142, 151, 160, 120)
# Digits of 3 by 5 dots, a number a row, its bits from left to right.
DIGITS = ("75557", "26227", "71747", "71717", "55711", "74717", "74757", "71111", "75757", "75717")
DOT = 5
Pixels = NDArray[np.uint8]


def picture(days: Sequence[Day]) -> bytes:
    """The PNG; the same days give the same bytes."""
    pixels: Pixels = np.zeros((HEIGHT, WIDTH, 4), np.uint8)
    bottom = HEIGHT - UNDER
    pixels[bottom : bottom + 2, MARGIN : WIDTH - MARGIN] = LINE
    most = max(1, *(day.alerts for day in days))
    step = (WIDTH - 2 * MARGIN) // len(days)
    for number, day in enumerate(days):
        left = MARGIN + number * step + step // 5
        right = left + 3 * step // 5
        heights = [round((bottom - OVER) * count / most) for count in (day.alerts, day.severe)]
        pixels[bottom - heights[0] : bottom, left:right] = BAR
        pixels[bottom - heights[1] : bottom, left:right] = SEVERE
        _write(pixels, str(day.alerts), (left + right) // 2, bottom - heights[0] - 6 * DOT - 6)
        _write(pixels, str(day.day.day), (left + right) // 2, bottom + 14)
    return _png(pixels)


def _write(pixels: Pixels, number: str, middle: int, top: int) -> None:
    left = middle - (4 * len(number) - 1) * DOT // 2
    for place, digit in enumerate(number):
        for row, bits in enumerate(DIGITS[int(digit)]):
            for column in range(3):
                if int(bits) & (4 >> column):
                    x, y = left + (4 * place + column) * DOT, top + row * DOT
                    pixels[y : y + DOT, x : x + DOT] = INK


def _png(pixels: Pixels) -> bytes:
    """Colour with transparency, 8 bits a channel, no filter (ISO/IEC 15948)."""
    height, width, _channels = pixels.shape
    rows = b"".join(b"\x00" + row.tobytes() for row in pixels)
    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, content) for kind, content in chunks)


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
