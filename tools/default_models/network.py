"""A YOLOv8-style network of about a third of a million parameters, for detection and segmentation.

Backbone of strided convolutions and split blocks, a pooling pyramid, a top-down and
bottom-up neck, one anchor-free head per stride (8, 16, 32) whose box sides are
distributions over BINS distances, and, for the segmenter, prototypes at stride 4 with
one vector of coefficients per anchor.
"""

import math

import torch
from torch import nn
from torch.nn import functional

STRIDES = (8, 16, 32)
BINS = 8
PROTOTYPES = 32


class ConvBlock(nn.Sequential):
    """Convolution, batch normalisation, SiLU."""

    def __init__(self, inputs, outputs, kernel=1, stride=1, groups=1):
        super().__init__(
            nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False),
            nn.BatchNorm2d(outputs),
            nn.SiLU(inplace=True),
        )


class SeparableBlock(nn.Sequential):
    """Depthwise 3x3 followed by pointwise convolution."""

    def __init__(self, inputs, outputs):
        super().__init__(ConvBlock(inputs, inputs, 3, groups=inputs), ConvBlock(inputs, outputs))


class Residual(nn.Module):
    """Two 3x3 convolutions, added to the input when `shortcut` is set."""

    def __init__(self, channels, shortcut):
        super().__init__()
        self.body = nn.Sequential(ConvBlock(channels, channels, 3), ConvBlock(channels, channels, 3))
        self.shortcut = shortcut

    def forward(self, x):
        return x + self.body(x) if self.shortcut else self.body(x)


class SplitBlock(nn.Module):
    """Two half-width branches, one of them refined; all three stages are merged."""

    def __init__(self, inputs, outputs, shortcut):
        super().__init__()
        half = outputs // 2
        self.keep = ConvBlock(inputs, half)
        self.enter = ConvBlock(inputs, half)
        self.refine = Residual(half, shortcut)
        self.merge = ConvBlock(3 * half, outputs)

    def forward(self, x):
        entered = self.enter(x)
        return self.merge(torch.cat([self.keep(x), entered, self.refine(entered)], dim=1))


class PoolingPyramid(nn.Module):
    """Three chained max pools, merged: a wide view for little work."""

    def __init__(self, channels):
        super().__init__()
        half = channels // 2
        self.reduce = ConvBlock(channels, half)
        self.pool = nn.MaxPool2d(5, 1, 2)
        self.merge = ConvBlock(4 * half, channels)

    def forward(self, x):
        levels = [self.reduce(x)]
        for _ in range(3):
            levels.append(self.pool(levels[-1]))
        return self.merge(torch.cat(levels, dim=1))


class Backbone(nn.Module):
    """Feature maps at strides 4, 8, 16 and 32."""

    widths = (24, 48, 64, 80)

    def __init__(self):
        super().__init__()
        w4, w8, w16, w32 = self.widths
        self.stage4 = nn.Sequential(ConvBlock(3, 16, 3, 2), ConvBlock(16, w4, 3, 2), SplitBlock(w4, w4, True))
        self.stage8 = nn.Sequential(ConvBlock(w4, w8, 3, 2), SplitBlock(w8, w8, True))
        self.stage16 = nn.Sequential(ConvBlock(w8, w16, 3, 2), SplitBlock(w16, w16, True))
        self.stage32 = nn.Sequential(ConvBlock(w16, w32, 3, 2), SplitBlock(w32, w32, True), PoolingPyramid(w32))

    def forward(self, x):
        at4 = self.stage4(x)
        at8 = self.stage8(at4)
        at16 = self.stage16(at8)
        return at4, at8, at16, self.stage32(at16)


class Neck(nn.Module):
    """Top-down, then bottom-up exchange between strides 8, 16 and 32."""

    widths = (48, 48, 56)

    def __init__(self, at8, at16, at32):
        super().__init__()
        n8, n16, n32 = self.widths
        self.up = nn.Upsample(scale_factor=2, mode="nearest")
        self.lateral = ConvBlock(at32, n32)
        self.down_merge16 = SplitBlock(n32 + at16, n16, False)
        self.down_merge8 = SplitBlock(n16 + at8, n8, False)
        self.shrink8 = ConvBlock(n8, n8, 3, 2, groups=n8)
        self.up_merge16 = SplitBlock(n8 + n16, n16, False)
        self.shrink16 = ConvBlock(n16, n16, 3, 2, groups=n16)
        self.up_merge32 = SplitBlock(n16 + n32, n32, False)

    def forward(self, at8, at16, at32):
        top = self.lateral(at32)
        middle = self.down_merge16(torch.cat([self.up(top), at16], dim=1))
        out8 = self.down_merge8(torch.cat([self.up(middle), at8], dim=1))
        out16 = self.up_merge16(torch.cat([self.shrink8(out8), middle], dim=1))
        out32 = self.up_merge32(torch.cat([self.shrink16(out16), top], dim=1))
        return out8, out16, out32


class Tower(nn.Sequential):
    """Two separable blocks and a plain 1x1 output layer."""

    def __init__(self, inputs, width, outputs):
        super().__init__(SeparableBlock(inputs, width), SeparableBlock(width, width), nn.Conv2d(width, outputs, 1))


class PrototypeBranch(nn.Module):
    """Mask prototypes at stride 4, from the neck's finest map and the backbone's edges."""

    def __init__(self, at4, at8, width=32):
        super().__init__()
        self.from8 = ConvBlock(at8, width)
        self.up = nn.Upsample(scale_factor=2, mode="nearest")
        self.from4 = ConvBlock(at4, width)
        self.mix = ConvBlock(width, width, 3)
        self.out = nn.Conv2d(width, PROTOTYPES, 1)

    def forward(self, at4, at8):
        return self.out(self.mix(self.up(self.from8(at8)) + self.from4(at4)))


class ShapesNetwork(nn.Module):
    """The whole network; `forward` gives raw maps, `decode` the YOLOv8 output layout."""

    def __init__(self, classes, masks):
        super().__init__()
        self.classes, self.masks = classes, masks
        self.backbone = Backbone()
        self.neck = Neck(*Backbone.widths[1:])
        self.box_towers = nn.ModuleList(Tower(width, 40, 4 * BINS) for width in Neck.widths)
        self.class_towers = nn.ModuleList(Tower(width, 40, classes) for width in Neck.widths)
        if masks:
            self.mask_towers = nn.ModuleList(Tower(width, 32, PROTOTYPES) for width in Neck.widths)
            self.prototypes = PrototypeBranch(Backbone.widths[0], Neck.widths[0])
        for tower in self.class_towers:
            nn.init.constant_(tower[-1].bias, -math.log(1 / 0.01 - 1))

    def forward(self, images):
        """Box logits [B, 4*BINS, A], class logits [B, C, A] and, with masks, coefficients and prototypes."""
        at4, *features = self.backbone(images)
        features = self.neck(*features)
        raw = [self._anchors(self.box_towers, features), self._anchors(self.class_towers, features)]
        if self.masks:
            raw += [self._anchors(self.mask_towers, features), self.prototypes(at4, features[0])]
        return raw

    @staticmethod
    def _anchors(towers, features):
        maps = [tower(feature) for tower, feature in zip(towers, features)]
        return torch.cat([m.reshape(-1, int(m.shape[1]), int(m.shape[2]) * int(m.shape[3])) for m in maps], dim=2)


def anchor_grid(size):
    """Anchor centres [2, A] and strides [1, A] in pixels for a square input."""
    centres, strides = [], []
    for stride in STRIDES:
        cells = size // stride
        axis = (torch.arange(cells, dtype=torch.float32) + 0.5) * stride
        y, x = torch.meshgrid(axis, axis, indexing="ij")
        centres.append(torch.stack([x.reshape(-1), y.reshape(-1)]))
        strides.append(torch.full((1, cells * cells), float(stride)))
    return torch.cat(centres, dim=1), torch.cat(strides, dim=1)


def decode_distances(box_logits):
    """Expected left, top, right, bottom distances [B, 4, A] in strides."""
    anchors = int(box_logits.shape[2])
    distribution = box_logits.reshape(-1, 4, BINS, anchors).transpose(1, 2).softmax(dim=1)
    bins = torch.arange(BINS, dtype=torch.float32).reshape(1, BINS, 1, 1)
    return functional.conv2d(distribution, bins).reshape(-1, 4, anchors)


def decode_corners(box_logits, centres, strides):
    """Boxes [B, 4, A] as x0, y0, x1, y1 in pixels."""
    distances = decode_distances(box_logits) * strides
    return torch.cat([centres - distances[:, :2], centres + distances[:, 2:]], dim=1)


class DeployedNetwork(nn.Module):
    """A trained network with the decoding in it: outputs are those of a YOLOv8 export."""

    def __init__(self, network, size):
        super().__init__()
        self.network = network
        centres, strides = anchor_grid(size)
        self.register_buffer("centres", centres[None])
        self.register_buffer("strides", strides.expand(4, -1)[None].clone())

    def forward(self, images):
        box_logits, class_logits, *mask_outputs = self.network(images)
        distances = decode_distances(box_logits) * self.strides
        before, after = distances[:, :2], distances[:, 2:]
        rows = [self.centres + (after - before) * 0.5, before + after, class_logits.sigmoid()]
        if not mask_outputs:
            return torch.cat(rows, dim=1)
        coefficients, prototypes = mask_outputs
        return torch.cat(rows + [coefficients], dim=1), prototypes
