#!/usr/bin/env python3
"""Draws the synthetic scenes that the default models are trained and measured on.

Every scene is a function of (split, index) alone: the pair seeds the scene's own
random generator, so any scene can be drawn again, in any order, on any machine with
the same numpy and OpenCV.

    draw.py cache   --split train --count 8000 --out train.npz
    draw.py picture --index 3 --width 1280 --height 720 --clean --out picture.png
"""

import argparse
import math
import multiprocessing
from dataclasses import dataclass

import cv2
import numpy as np

CLASS_NAMES = ("circle", "square", "triangle", "star", "cross", "ring")
SPLITS = {"train": 101, "validation": 202, "sample": 303}
FEWEST_OBJECTS = {"train": 0, "validation": 0, "sample": 8}
NETWORK_SIZE = 320
PADDING_VALUE = 127
MAX_OBJECTS = 14
MIN_SIDE_FRACTION = 0.05
MAX_SIDE_FRACTION = 0.60
MIN_VISIBLE_FRACTION = 0.45
MIN_COLOUR_DISTANCE = 55.0
SUBPIXEL_BITS = 4


@dataclass
class Scene:
    """One picture (RGB), its owner map (0 = background, k = object k - 1), boxes and labels."""

    image: np.ndarray
    owners: np.ndarray
    boxes: np.ndarray
    labels: np.ndarray


# ---------------------------------------------------------------- shapes


def regular_points(count, radius=1.0, phase=0.0):
    angles = phase + np.arange(count) * (2.0 * math.pi / count)
    return np.stack([radius * np.cos(angles), radius * np.sin(angles)], axis=1)


def unit_contours(class_name, rng):
    """Contours of a shape around the origin; a second contour is a hole."""
    if class_name == "circle":
        return [regular_points(64)]
    if class_name == "square":
        return [regular_points(4, phase=math.pi / 4)]
    if class_name == "triangle":
        return [regular_points(3, phase=-math.pi / 2)]
    if class_name == "star":
        outer = regular_points(5, phase=-math.pi / 2)
        inner = regular_points(5, radius=rng.uniform(0.38, 0.48), phase=-math.pi / 2 + math.pi / 5)
        return [np.stack([outer, inner], axis=1).reshape(-1, 2)]
    if class_name == "cross":
        arm = rng.uniform(0.26, 0.38)
        quarter = np.array([[1.0, -arm], [1.0, arm], [arm, arm]])
        turns = [quarter @ np.array([[c, s], [-s, c]]) for c, s in ((1, 0), (0, 1), (-1, 0), (0, -1))]
        return [np.concatenate(turns)]
    if class_name == "ring":
        return [regular_points(64), regular_points(64, radius=rng.uniform(0.48, 0.65))]
    raise ValueError(f"unknown class {class_name}")


def random_contours(class_name, side, rng):
    """A rotated, slightly squeezed shape whose longer box side is `side` pixels, centred at 0,0."""
    contours = unit_contours(class_name, rng)
    squeeze, squeeze_angle = rng.uniform(0.85, 1.0), rng.uniform(0, math.pi)
    turn = rng.uniform(0, 2 * math.pi)

    def rotation(angle):
        return np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])

    matrix = rotation(-squeeze_angle) @ np.diag([1.0, squeeze]) @ rotation(squeeze_angle) @ rotation(turn)
    contours = [contour @ matrix.T for contour in contours]
    low, high = contours[0].min(axis=0), contours[0].max(axis=0)
    scale = side / (high - low).max()
    return [(contour - (low + high) / 2) * scale for contour in contours]


def fixed_point(contours):
    return [np.round(contour * (1 << SUBPIXEL_BITS)).astype(np.int32) for contour in contours]


# ---------------------------------------------------------------- colours and textures


def random_colour(rng):
    return rng.uniform(0, 255, size=3)


def smooth_noise(height, width, cell, rng):
    """Noise in -1..1 whose features are about `cell` pixels wide."""
    rows, columns = max(2, int(height / cell) + 2), max(2, int(width / cell) + 2)
    coarse = rng.uniform(-1, 1, size=(rows, columns)).astype(np.float32)
    return cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)


def direction_ramp(height, width, angle):
    """Signed distance in pixels from the centre along a direction."""
    x = np.arange(width, dtype=np.float32) - width / 2
    y = np.arange(height, dtype=np.float32) - height / 2
    return x[None, :] * math.cos(angle) + y[:, None] * math.sin(angle)


def pattern(height, width, unit, kinds, rng):
    """A pattern in -1..1; `unit` is the pixel length its period is chosen from."""
    kind = kinds[rng.integers(len(kinds))]
    angle = rng.uniform(0, math.pi)
    period = unit * rng.uniform(0.15, 0.6)
    if kind == "plain":
        return np.zeros((height, width), np.float32)
    if kind == "gradient":
        return direction_ramp(height, width, angle) * (2.0 / (height + width))
    if kind == "stripes":
        return np.sign(np.sin(direction_ramp(height, width, angle) * (2 * math.pi / period)))
    if kind == "waves":
        return np.sin(direction_ramp(height, width, angle) * (2 * math.pi / period))
    if kind == "checker":
        across = np.sin(direction_ramp(height, width, angle) * (math.pi / period))
        along = np.sin(direction_ramp(height, width, angle + math.pi / 2) * (math.pi / period))
        return np.sign(across * along)
    if kind == "clouds":
        return smooth_noise(height, width, period, rng)
    if kind == "grain":
        return rng.uniform(-1, 1, size=(height, width)).astype(np.float32)
    raise ValueError(f"unknown pattern {kind}")


SMOOTH_KINDS = ("plain", "gradient", "stripes", "checker")
ALL_KINDS = ("plain", "gradient", "stripes", "waves", "checker", "clouds", "grain")


def draw_background(height, width, clean, rng):
    long_side = max(height, width)
    first, second = random_colour(rng), random_colour(rng)
    kinds = ("plain", "gradient", "waves") if clean else ("gradient", "clouds", "waves", "plain")
    blend = 0.5 + 0.5 * pattern(height, width, long_side, kinds, rng)[..., None]
    image = first * blend + second * (1 - blend)
    kinds = ("plain", "stripes", "checker") if clean else ALL_KINDS
    detail = pattern(height, width, long_side * 0.5, kinds, rng)[..., None]
    image = image + detail * rng.uniform(4, 40) * rng.uniform(0.3, 1.0, size=3)
    image = np.ascontiguousarray(np.clip(image, 0, 255).astype(np.uint8))
    draw_distractors(image, rng)
    return image


def draw_distractors(image, rng):
    """Thin lines, arcs and specks: things that are none of the classes."""
    height, width = image.shape[:2]
    long_side = max(height, width)
    for _ in range(rng.integers(0, 9)):
        colour = tuple(int(v) for v in random_colour(rng))
        thickness = int(rng.integers(1, max(2, long_side // 110) + 1))
        first = (int(rng.integers(width)), int(rng.integers(height)))
        second = (int(rng.integers(width)), int(rng.integers(height)))
        kind = rng.integers(3)
        if kind == 0:
            cv2.line(image, first, second, colour, thickness, cv2.LINE_AA)
        elif kind == 1:
            axes = (int(long_side * rng.uniform(0.1, 0.5)), int(long_side * rng.uniform(0.1, 0.5)))
            start = float(rng.uniform(0, 360))
            sweep = float(rng.uniform(30, 150))
            cv2.ellipse(image, first, axes, float(rng.uniform(0, 360)), start, start + sweep, colour, thickness,
                        cv2.LINE_AA)
        else:
            cv2.circle(image, first, max(1, int(long_side * rng.uniform(0.002, 0.008))), colour, -1, cv2.LINE_AA)


def object_fill(height, width, side, backdrop, clean, rng):
    """Fill of an object: a colour that stands out from `backdrop`, with a mild pattern."""
    colour = random_colour(rng)
    for _ in range(12):
        if np.linalg.norm(colour - backdrop) >= MIN_COLOUR_DISTANCE:
            break
        colour = random_colour(rng)
    amplitude = rng.uniform(0, 28) if rng.random() < 0.7 else 0.0
    detail = pattern(height, width, side, SMOOTH_KINDS if clean else ALL_KINDS, rng)[..., None]
    return np.clip(colour + detail * amplitude * rng.uniform(0.3, 1.0, size=3), 0, 255)


# ---------------------------------------------------------------- scenes


def add_object(image, owners, areas, class_name, side, clean, rng):
    """Draws one object unless it would hide too much of an earlier one; says whether it did."""
    height, width = owners.shape
    contours = random_contours(class_name, side, rng)
    centre = np.array([rng.uniform(0.3 * side, width - 0.3 * side), rng.uniform(0.3 * side, height - 0.3 * side)])
    margin = int(side * 0.55) + 3
    origin = np.floor(centre).astype(int) - margin
    patch_side = 2 * margin + 1
    alpha = np.zeros((patch_side, patch_side), np.uint8)
    points = fixed_point([contour + (centre - origin) for contour in contours])
    cv2.fillPoly(alpha, points, 255, cv2.LINE_AA, SUBPIXEL_BITS)

    left, top = np.maximum(origin, 0)
    right, bottom = np.minimum(origin + patch_side, (width, height))
    inside = (slice(top - origin[1], bottom - origin[1]), slice(left - origin[0], right - origin[0]))
    region = (slice(top, bottom), slice(left, right))
    solid = alpha[inside] > 127
    full_area = np.count_nonzero(alpha > 127)
    covered = np.bincount(owners[region][solid], minlength=len(areas) + 1)
    if solid.sum() < 0.7 * full_area:
        return False
    visible = np.bincount(owners.ravel(), minlength=len(areas) + 1) if covered[1:].any() else None
    for index, area in enumerate(areas):
        if covered[index + 1] and visible[index + 1] - covered[index + 1] < MIN_VISIBLE_FRACTION * area:
            return False

    backdrop = image[region][solid].mean(axis=0)
    fill = object_fill(patch_side, patch_side, side, backdrop, clean, rng)
    if rng.random() < 0.3:
        shade = fill.mean(axis=(0, 1)) * rng.uniform(0.3, 0.8) + rng.uniform(0, 60)
        edge = np.zeros_like(alpha)
        cv2.polylines(edge, points, True, 255, max(1, int(side * rng.uniform(0.01, 0.06))), cv2.LINE_AA, SUBPIXEL_BITS)
        weight = (edge.astype(np.float32) / 255)[..., None]
        fill = fill * (1 - weight) + shade * weight
    weight = (alpha[inside].astype(np.float32) / 255)[..., None]
    image[region] = np.round(image[region] * (1 - weight) + fill[inside] * weight).astype(np.uint8)
    areas.append(full_area)
    owners[region][solid] = len(areas)
    return True


def degrade(image, rng):
    """Camera faults: blur, light, grain and JPEG artefacts."""
    long_side = max(image.shape[:2])
    if rng.random() < 0.35:
        image = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.3, 1.1) * long_side / NETWORK_SIZE)
    image = image.astype(np.float32)
    if rng.random() < 0.4:
        image = (image - 127) * rng.uniform(0.65, 1.1) + 127 + rng.uniform(-25, 25)
    if rng.random() < 0.5:
        image = image + rng.normal(0, rng.uniform(2, 16), size=image.shape).astype(np.float32)
    image = np.clip(image, 0, 255).astype(np.uint8)
    if rng.random() < 0.35:
        quality = int(rng.integers(35, 95))
        image = cv2.imdecode(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], cv2.IMREAD_COLOR)
    return image


def random_picture_size(rng):
    long_side = int(rng.integers(320, 721))
    aspect = (1.0, 4 / 3, 3 / 2, 16 / 9)[rng.choice(4, p=(0.4, 0.25, 0.15, 0.2))]
    short_side = int(round(long_side / aspect))
    return (long_side, short_side) if rng.random() < 0.6 else (short_side, long_side)


def draw_scene(split, index, size=None, clean=False):
    """Draws scene `index` of `split`; `size` is (width, height), random when not given.

    A clean scene has neither grain nor camera faults: its PNG file stays small.
    """
    rng = np.random.default_rng([SPLITS[split], index])
    width, height = size if size is not None else random_picture_size(rng)
    image = draw_background(height, width, clean, rng)
    owners = np.zeros((height, width), np.uint8)
    smallest, largest = MIN_SIDE_FRACTION * max(width, height), MAX_SIDE_FRACTION * min(width, height)
    wanted = int(rng.integers(FEWEST_OBJECTS[split], MAX_OBJECTS + 1))
    areas, labels = [], []
    for _ in range(wanted):
        label = int(rng.integers(len(CLASS_NAMES)))
        for _ in range(4):
            side = smallest * (largest / smallest) ** rng.random()
            if add_object(image, owners, areas, CLASS_NAMES[label], side, clean, rng):
                labels.append(label)
                break
    if not clean:
        image = degrade(image, rng)
    boxes = np.zeros((len(labels), 4), np.float32)
    for position in range(len(labels)):
        rows = np.flatnonzero((owners == position + 1).any(axis=1))
        columns = np.flatnonzero((owners == position + 1).any(axis=0))
        boxes[position] = columns[0], rows[0], columns[-1] + 1, rows[-1] + 1
    return Scene(image, owners, boxes, np.array(labels, np.int64))


def letterbox(scene, target=NETWORK_SIZE):
    """The library's letterbox: kept aspect, truncated size, grey bars, the odd pixel right or below."""
    height, width = scene.owners.shape
    scale = min(target / width, target / height)
    new_width, new_height = int(width * scale), int(height * scale)
    left, top = (target - new_width) // 2, (target - new_height) // 2
    region = (slice(top, top + new_height), slice(left, left + new_width))
    image = np.full((target, target, 3), PADDING_VALUE, np.uint8)
    owners = np.zeros((target, target), np.uint8)
    image[region] = cv2.resize(scene.image, (new_width, new_height), interpolation=cv2.INTER_LINEAR)
    owners[region] = cv2.resize(scene.owners, (new_width, new_height), interpolation=cv2.INTER_NEAREST)
    boxes = scene.boxes * scale + np.array([left, top, left, top], np.float32)
    return Scene(image, owners, boxes, scene.labels)


def letterboxed_scene(job):
    split, index = job
    cv2.setNumThreads(1)
    return letterbox(draw_scene(split, index))


def draw_cache(split, count, processes):
    """Letterboxed scenes 0..count-1 of a split as arrays; boxes and labels are padded with label -1."""
    images = np.empty((count, NETWORK_SIZE, NETWORK_SIZE, 3), np.uint8)
    owners = np.empty((count, NETWORK_SIZE, NETWORK_SIZE), np.uint8)
    boxes = np.zeros((count, MAX_OBJECTS, 4), np.float32)
    labels = np.full((count, MAX_OBJECTS), -1, np.int64)
    with multiprocessing.Pool(processes) as pool:
        jobs = ((split, index) for index in range(count))
        for index, scene in enumerate(pool.imap(letterboxed_scene, jobs, chunksize=16)):
            images[index], owners[index] = scene.image, scene.owners
            boxes[index, : len(scene.labels)] = scene.boxes
            labels[index, : len(scene.labels)] = scene.labels
    return {"images": images, "owners": owners, "boxes": boxes, "labels": labels}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    cache = commands.add_parser("cache", help="draw the scenes of a split into one .npz file")
    cache.add_argument("--split", choices=("train", "validation"), required=True)
    cache.add_argument("--count", type=int, required=True)
    cache.add_argument("--processes", type=int, default=2)
    cache.add_argument("--out", required=True)
    picture = commands.add_parser("picture", help="draw one scene of the sample split into a picture file")
    picture.add_argument("--index", type=int, required=True)
    picture.add_argument("--width", type=int, required=True)
    picture.add_argument("--height", type=int, required=True)
    picture.add_argument("--clean", action="store_true")
    picture.add_argument("--out", required=True)
    arguments = parser.parse_args()
    if arguments.command == "cache":
        np.savez(arguments.out, **draw_cache(arguments.split, arguments.count, arguments.processes))
    else:
        scene = draw_scene("sample", arguments.index, (arguments.width, arguments.height), arguments.clean)
        cv2.imwrite(arguments.out, cv2.cvtColor(scene.image, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_PNG_COMPRESSION, 9])
        for box, label in zip(scene.boxes, scene.labels):
            print(CLASS_NAMES[label], *(int(v) for v in box))


if __name__ == "__main__":
    main()
