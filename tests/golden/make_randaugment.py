"""Writes randaugment.inc: RandAugment's operations on small pictures, computed by Pillow.

The calls of Pillow are those of FixMatch's program; where it shows what lies outside the picture, grey is put by asking
a transformed mask. Each row holds operation, level, negative, height, width and the picture's bytes in hexadecimal.

Run: pip install pillow==11.0.0 numpy && python make_randaugment.py > randaugment.inc
"""
import numpy as np
from PIL import Image, ImageEnhance, ImageOps

GREY = 127


def picture(height, width):
    """The picture of tests/data/randaugment.cpp."""
    y, x, c = np.ogrid[:height, :width, :3]
    return Image.fromarray(((y * 37 + x * x * 11 + c * 53 + y * x * 7) % 200 + 20).astype(np.uint8))


def over_grey(image, move):
    inside = np.asarray(move(Image.new("L", image.size, 1)))[..., None]
    return Image.fromarray(np.where(inside == 1, np.asarray(move(image)), GREY).astype(np.uint8))


def affine(image, *matrix):
    return over_grey(image, lambda i: i.transform(i.size, Image.AFFINE, matrix))


def strength(level):
    return level * 1.8 / 10 + 0.1


def shift(side, level):
    return int(level * 10 * side / 320)


OPERATIONS = {
    "Identity": lambda i, level, sign: i,
    "AutoContrast": lambda i, level, sign: ImageOps.autocontrast(i),
    "Equalize": lambda i, level, sign: ImageOps.equalize(i),
    "Rotate": lambda i, level, sign: over_grey(i, lambda j: j.rotate(sign * int(level * 30 / 10))),
    "Solarize": lambda i, level, sign: ImageOps.solarize(i, 256 - int(level * 256 / 10)),
    "Color": lambda i, level, sign: ImageEnhance.Color(i).enhance(strength(level)),
    "Contrast": lambda i, level, sign: ImageEnhance.Contrast(i).enhance(strength(level)),
    "Brightness": lambda i, level, sign: ImageEnhance.Brightness(i).enhance(strength(level)),
    "Sharpness": lambda i, level, sign: ImageEnhance.Sharpness(i).enhance(strength(level)),
    "ShearX": lambda i, level, sign: affine(i, 1, sign * level * 0.3 / 10, 0, 0, 1, 0),
    "TranslateX": lambda i, level, sign: affine(i, 1, 0, sign * shift(i.width, level), 0, 1, 0),
    "TranslateY": lambda i, level, sign: affine(i, 1, 0, 0, 0, 1, sign * shift(i.height, level)),
    "Posterize": lambda i, level, sign: ImageOps.posterize(i, 4 - int(level * 4 / 10)),
    "ShearY": lambda i, level, sign: affine(i, 1, 0, 0, sign * level * 0.3 / 10, 1, 0),
}
SIGNED = {"Rotate", "ShearX", "ShearY", "TranslateX", "TranslateY"}
PLAIN = {"Identity", "AutoContrast", "Equalize"}

for name, operation in OPERATIONS.items():
    sizes = [(17, 18)] if name == "Equalize" else [(8, 7)]
    for height, width in sizes:
        for level in [1] if name in PLAIN else [1, 5, 9]:
            for sign in [1, -1] if name in SIGNED else [1]:
                result = np.asarray(operation(picture(height, width), level, sign))
                negative = "true" if sign < 0 else "false"
                print(f'{{"{name}", {level}, {negative}, {height}, {width},\n "{result.tobytes().hex()}"}},')
