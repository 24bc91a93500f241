#!/usr/bin/env python3
"""Trains the segmenter (whose box part is the detector) on cached scenes; CPU only, seeded.

    train.py --scenes train.npz --steps 2000 --out checkpoint.pt
"""

import argparse
import copy
import math
import time

import cv2
import numpy as np
import torch
from torch.nn import functional as F

import draw
from network import BINS, ShapesNetwork, anchor_grid, decode_corners

SEED = 20240607
CANDIDATES = 10
MASKS_PER_IMAGE = 8
BOX_GAIN, CLASS_GAIN, DISTANCE_GAIN, MASK_GAIN = 5.0, 1.0, 1.0, 2.0
WARM_UP_STEPS = 60
EMA_DECAY = 0.998


# ---------------------------------------------------------------- batches


def flip_boxes(boxes, size, turn):
    """Boxes after the flips and the transposition that the bits of `turn` ask for."""
    x0, y0, x1, y1 = boxes.T
    if turn & 1:
        x0, x1 = size - x1, size - x0
    if turn & 2:
        y0, y1 = size - y1, size - y0
    if turn & 4:
        x0, y0, x1, y1 = y0, x0, y1, x1
    return np.stack([x0, y0, x1, y1], axis=1)


def flip_grid(grid, turn):
    if turn & 1:
        grid = grid[:, ::-1]
    if turn & 2:
        grid = grid[::-1]
    return grid.swapaxes(0, 1) if turn & 4 else grid


def make_batch(scenes, indices, size, rng):
    """Images 0..1 [B,3,S,S], owner maps [B,S,S], boxes [B,M,4] and labels [B,M] (-1: none)."""
    images = np.empty((len(indices), size, size, 3), np.uint8)
    owners = np.empty((len(indices), size, size), np.uint8)
    boxes = np.empty((len(indices), draw.MAX_OBJECTS, 4), np.float32)
    for slot, index in enumerate(indices):
        image, owner = scenes["images"][index], scenes["owners"][index]
        if size != draw.NETWORK_SIZE:
            image = cv2.resize(image, (size, size), interpolation=cv2.INTER_AREA)
            owner = cv2.resize(owner, (size, size), interpolation=cv2.INTER_NEAREST)
        turn = int(rng.integers(8))
        images[slot] = flip_grid(image, turn)[..., rng.permutation(3)]
        owners[slot] = flip_grid(owner, turn)
        boxes[slot] = flip_boxes(scenes["boxes"][index] * (size / draw.NETWORK_SIZE), size, turn)
    labels = torch.from_numpy(scenes["labels"][indices])
    tensor = torch.from_numpy(images).permute(0, 3, 1, 2).float().mul_(1 / 255)
    return tensor, torch.from_numpy(owners), torch.from_numpy(boxes), labels


# ---------------------------------------------------------------- losses


def box_iou(first, second, complete=False):
    """IoU of boxes (last dimension x0,y0,x1,y1); CIoU when `complete` is set."""
    first_side, second_side = first[..., 2:] - first[..., :2], second[..., 2:] - second[..., :2]
    corner_low = torch.maximum(first[..., :2], second[..., :2])
    corner_high = torch.minimum(first[..., 2:], second[..., 2:])
    overlap = (corner_high - corner_low).clamp(min=0).prod(-1)
    union = first_side.prod(-1) + second_side.prod(-1) - overlap
    iou = overlap / (union + 1e-7)
    if not complete:
        return iou
    hull = torch.maximum(first[..., 2:], second[..., 2:]) - torch.minimum(first[..., :2], second[..., :2])
    shift = (first[..., :2] + first[..., 2:] - second[..., :2] - second[..., 2:]) / 2
    distance = shift.square().sum(-1) / (hull.square().sum(-1) + 1e-7)
    angle = torch.atan(second_side[..., 0] / (second_side[..., 1] + 1e-7)) - torch.atan(
        first_side[..., 0] / (first_side[..., 1] + 1e-7)
    )
    aspect = angle.square() * (4 / math.pi**2)
    with torch.no_grad():
        weight = aspect / (1 - iou + aspect + 1e-7)
    return iou - distance - weight * aspect


@torch.no_grad()
def assign(scores, boxes, centres, true_boxes, labels):
    """Task-aligned assignment.

    scores [B,A,C], boxes [B,A,4], centres [A,2], true_boxes [B,M,4], labels [B,M].
    Returns the object of each anchor [B,A], whether it has one, and its target score.
    """
    present = labels >= 0
    low, high = true_boxes[..., :2], true_boxes[..., 2:]
    slack = ((10.0 - (high - low)) / 2).clamp(min=0)
    inside = (centres > (low - slack)[:, :, None]).all(-1) & (centres < (high + slack)[:, :, None]).all(-1)
    inside = (inside & present[..., None]).float()
    iou = box_iou(true_boxes[:, :, None], boxes[:, None]) * inside
    class_scores = scores.transpose(1, 2).gather(1, labels.clamp(min=0)[..., None].expand(-1, -1, scores.shape[1]))
    reach = (true_boxes[:, :, None, :2] + true_boxes[:, :, None, 2:]) / 2 - centres
    closeness = 1 / (1 + reach.square().sum(-1))
    alignment = (class_scores.sqrt() * iou.pow(6) + 1e-9 * closeness) * inside
    chosen = torch.zeros_like(alignment)
    chosen.scatter_(2, alignment.topk(CANDIDATES, dim=2).indices, 1.0)
    chosen = chosen * inside
    contested = (iou + 1e-6 * closeness) * chosen
    best = contested.argmax(1)
    chosen = chosen * F.one_hot(best, chosen.shape[1]).transpose(1, 2)
    peak_alignment = (alignment * chosen).amax(2, keepdim=True)
    peak_iou = (iou * chosen).amax(2, keepdim=True)
    weight = (alignment * chosen / (peak_alignment + 1e-12) * peak_iou).amax(1)
    return best, chosen.amax(1) > 0, weight


def distance_loss(logits, target):
    """Distribution focal loss; logits [P,4,BINS], target [P,4] in strides."""
    target = target.clamp(0, BINS - 1.01)
    lower = target.long()
    upper_share = target - lower
    log_share = logits.log_softmax(-1)
    below = log_share.gather(-1, lower[..., None]).squeeze(-1)
    above = log_share.gather(-1, lower[..., None] + 1).squeeze(-1)
    return -(below * (1 - upper_share) + above * upper_share).mean(-1)


def mask_loss(coefficients, prototypes, owners, objects, positive, true_boxes):
    """BCE and dice of the masks of a few positive anchors per image, inside their true boxes."""
    losses = []
    rows, columns = prototypes.shape[2:]
    stride = owners.shape[1] // rows
    grid_x, grid_y = torch.arange(columns) + 0.5, torch.arange(rows) + 0.5
    per_image = zip(coefficients.unbind(), prototypes.unbind(), owners, objects, positive, true_boxes)
    for image_coefficients, image_prototypes, image_owners, image_objects, image_positive, image_boxes in per_image:
        anchors = image_positive.nonzero().squeeze(1)
        if len(anchors) == 0:
            continue
        anchors = anchors[torch.randperm(len(anchors))[:MASKS_PER_IMAGE]]
        chosen = image_objects[anchors]
        logits = (image_coefficients[:, anchors].T @ image_prototypes.flatten(1)).reshape(-1, rows, columns)
        cells = image_owners.reshape(rows, stride, columns, stride)[:, 1:3, :, 1:3]
        target = (cells == (chosen + 1)[:, None, None, None, None]).float().mean((2, 4))
        x0, y0, x1, y1 = (image_boxes[chosen] / stride).T[..., None]
        across = (grid_x > x0 - 0.5) & (grid_x < x1 + 0.5)
        down = (grid_y > y0 - 0.5) & (grid_y < y1 + 0.5)
        crop = (down[:, :, None] & across[:, None, :]).float()
        cross_entropy = F.binary_cross_entropy_with_logits(logits, target, reduction="none") * crop
        share = logits.sigmoid() * crop
        target = target * crop
        dice = 1 - (2 * (share * target).sum((1, 2)) + 1) / ((share + target).sum((1, 2)) + 1)
        losses.append(cross_entropy.sum((1, 2)) / crop.sum((1, 2)).clamp(min=1) + 0.5 * dice)
    return torch.cat(losses).mean() if losses else prototypes.sum() * 0


def total_loss(outputs, owners, true_boxes, labels, size):
    """The weighted loss and its parts (box, class, distance, mask)."""
    box_logits, class_logits, coefficients, prototypes = outputs
    centres, strides = anchor_grid(size)
    boxes = decode_corners(box_logits, centres, strides).transpose(1, 2)
    class_logits = class_logits.transpose(1, 2)
    anchors = centres.T
    objects, positive, weight = assign(class_logits.detach().sigmoid(), boxes.detach(), anchors, true_boxes, labels)
    target = F.one_hot(labels.clamp(min=0).gather(1, objects), class_logits.shape[2]) * (weight * positive)[..., None]
    total = weight[positive].sum().clamp(min=1)
    class_part = F.binary_cross_entropy_with_logits(class_logits, target, reduction="sum") / total
    wanted = true_boxes.gather(1, objects[..., None].expand(-1, -1, 4))[positive]
    scale = weight[positive]
    box_part = ((1 - box_iou(boxes[positive], wanted, complete=True)) * scale).sum() / total
    image, anchor = positive.nonzero(as_tuple=True)
    logits = box_logits.reshape(len(labels), 4, BINS, -1).permute(0, 3, 1, 2)[image, anchor]
    distances = torch.cat([anchors[anchor] - wanted[:, :2], wanted[:, 2:] - anchors[anchor]], dim=1)
    distances = distances / strides[0, anchor, None]
    distance_part = (distance_loss(logits, distances) * scale).sum() / total
    mask_part = mask_loss(coefficients, prototypes, owners, objects, positive, true_boxes)
    loss = BOX_GAIN * box_part + CLASS_GAIN * class_part + DISTANCE_GAIN * distance_part + MASK_GAIN * mask_part
    return loss, torch.stack([box_part, class_part, distance_part, mask_part]).detach()


# ---------------------------------------------------------------- schedule


def learning_rate(step, steps, peak):
    if step < WARM_UP_STEPS:
        return peak * (step + 1) / WARM_UP_STEPS
    progress = (step - WARM_UP_STEPS) / max(1, steps - WARM_UP_STEPS)
    return peak * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * progress)))


@torch.no_grad()
def update_average(average, network, step):
    """Exponential moving average of every weight and running statistic."""
    decay = min(EMA_DECAY, (1 + step) / (10 + step))
    for kept, fresh in zip(average.state_dict().values(), network.state_dict().values()):
        if kept.dtype.is_floating_point:
            kept.lerp_(fresh, 1 - decay)


def save_checkpoint(path, average):
    torch.save({"class_names": draw.CLASS_NAMES, "state": average.state_dict()}, path)


def train(scenes, arguments):
    torch.manual_seed(SEED)
    rng = np.random.default_rng(SEED)
    network = ShapesNetwork(len(draw.CLASS_NAMES), masks=True).to(memory_format=torch.channels_last).train()
    average = copy.deepcopy(network)
    decayed = [p for p in network.parameters() if p.ndim > 1]
    plain = [p for p in network.parameters() if p.ndim <= 1]
    groups = [{"params": decayed, "weight_decay": 0.02}, {"params": plain, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=arguments.peak_rate)
    order = np.empty(0, np.int64)
    full_size_from = int(arguments.steps * arguments.small_share)
    parts, started = torch.zeros(4), time.time()
    for step in range(min(arguments.steps, arguments.stop_after or arguments.steps)):
        size = draw.NETWORK_SIZE if step >= full_size_from else arguments.small_size
        if len(order) < arguments.batch:
            order = np.concatenate([order, rng.permutation(len(scenes["labels"]))])
        indices, order = order[: arguments.batch], order[arguments.batch :]
        images, owners, boxes, labels = make_batch(scenes, indices, size, rng)
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step, arguments.steps, arguments.peak_rate)
        outputs = network(images.contiguous(memory_format=torch.channels_last))
        loss, step_parts = total_loss(outputs, owners, boxes, labels, size)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 10.0)
        optimizer.step()
        update_average(average, network, step)
        parts += step_parts
        if (step + 1) % arguments.report_every == 0:
            box, label, distance, mask = (parts / arguments.report_every).tolist()
            print(f"step {step + 1}/{arguments.steps} size {size} box {box:.3f} class {label:.3f} "
                  f"distance {distance:.3f} mask {mask:.3f} seconds {time.time() - started:.0f}", flush=True)
            parts.zero_()
            save_checkpoint(arguments.out, average)
    save_checkpoint(arguments.out, average)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenes", required=True, help="the .npz file of `draw.py cache --split train`")
    parser.add_argument("--steps", type=int, required=True)
    parser.add_argument("--stop-after", type=int, help="end here, on the schedule of --steps")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--peak-rate", type=float, default=3e-3)
    parser.add_argument("--small-size", type=int, default=224, help="input size of the first part of the training")
    parser.add_argument("--small-share", type=float, default=0.5, help="share of the steps at the small size")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--report-every", type=int, default=50)
    parser.add_argument("--out", required=True, help="checkpoint file, rewritten at every report")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    with np.load(arguments.scenes) as archive:
        scenes = {name: archive[name] for name in archive.files}
    train(scenes, arguments)


if __name__ == "__main__":
    main()
