"""A plain PyTorch module of RF-DETR, layer by layer as trained: what the Torch plug-in's speed is measured against.

Tensors are named as in published checkpoints. Inference only; the first group of queries.
"""
import math

import torch
from torch import nn
from torch.nn import functional as F


class ChannelNorm(nn.LayerNorm):
    """Over the channels of a picture."""

    def forward(self, x):
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class Scale(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.lambda1 = nn.Parameter(torch.ones(width))

    def forward(self, x):
        return x * self.lambda1


class EncoderLayer(nn.Module):
    def __init__(self, width, heads, mlp_width):
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width, 1e-6), nn.LayerNorm(width, 1e-6)
        self.attention = nn.ModuleDict({
            "attention": nn.ModuleDict({name: nn.Linear(width, width) for name in ("query", "key", "value")}),
            "output": nn.ModuleDict({"dense": nn.Linear(width, width)})})
        self.layer_scale1, self.layer_scale2 = Scale(width), Scale(width)
        self.mlp = nn.ModuleDict({"fc1": nn.Linear(width, mlp_width), "fc2": nn.Linear(mlp_width, width)})

    def attend(self, x):
        part = self.attention["attention"]
        split = lambda y: y.view(*y.shape[:2], self.heads, -1).transpose(1, 2)
        query, key, value = (split(part[name](x)) for name in ("query", "key", "value"))
        scores = query @ key.transpose(-1, -2) / math.sqrt(query.shape[-1])
        mixed = (scores.softmax(-1) @ value).transpose(1, 2).flatten(2)
        return self.attention["output"]["dense"](mixed)

    def forward(self, x, windows):
        shape = x.shape
        y = self.norm1(x)
        y = self.attend(y.reshape(shape[0] // windows, shape[1] * windows, shape[2])).reshape(shape)
        x = self.layer_scale1(y) + x
        return self.layer_scale2(self.mlp["fc2"](F.gelu(self.mlp["fc1"](self.norm2(x))))) + x


class Encoder(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.c, width = c, c["hidden_size"]
        grid = c["image_size"] // c["patch_size"]
        self.embeddings = nn.Module()
        self.embeddings.cls_token = nn.Parameter(torch.zeros(1, 1, width))
        self.embeddings.mask_token = nn.Parameter(torch.zeros(1, width))
        self.embeddings.position_embeddings = nn.Parameter(torch.zeros(1, grid * grid + 1, width))
        self.embeddings.patch_embeddings = nn.ModuleDict(
            {"projection": nn.Conv2d(3, width, c["patch_size"], c["patch_size"])})
        self.encoder = nn.ModuleDict({"layer": nn.ModuleList(
            EncoderLayer(width, c["heads"], width * c["mlp_ratio"]) for _ in range(c["num_hidden_layers"]))})
        self.layernorm = nn.LayerNorm(width, 1e-6)

    def positions(self, rows, columns):
        all_positions = self.embeddings.position_embeddings
        grid = math.isqrt(all_positions.shape[1] - 1)
        square = all_positions[:, 1:].reshape(1, grid, grid, -1).permute(0, 3, 1, 2)
        square = F.interpolate(square, (rows, columns), mode="bicubic", antialias=True)
        return torch.cat([all_positions[:, :1], square.flatten(2).transpose(1, 2)], 1)

    def forward(self, image):
        c, w = self.c, self.c["num_windows"]
        x = self.embeddings.patch_embeddings["projection"](image)
        batch, width, rows, columns = x.shape
        x = torch.cat([self.embeddings.cls_token.expand(batch, -1, -1), x.flatten(2).transpose(1, 2)], 1)
        x = x + self.positions(rows, columns)
        patches = x[:, 1:].view(batch, w, rows // w, w, columns // w, width).permute(0, 1, 3, 2, 4, 5)
        x = torch.cat([x[:, :1].repeat(w * w, 1, 1), patches.reshape(batch * w * w, -1, width)], 1)
        states = [x]
        for i, layer in enumerate(self.encoder["layer"]):
            x = layer(x, w * w if i in c["out_feature_indexes"] else 1)
            states.append(x)
        features = []
        for stage in c["out_feature_indexes"]:
            y = self.layernorm(states[stage])[:, 1:].reshape(batch, w, w, rows // w, columns // w, width)
            features.append(y.permute(0, 5, 1, 3, 2, 4).reshape(batch, width, rows, columns))
        return features


class ConvNorm(nn.Module):
    def __init__(self, i, o, kernel, stride=1, act=F.silu):
        super().__init__()
        self.conv, self.bn = nn.Conv2d(i, o, kernel, stride, kernel // 2, bias=False), ChannelNorm(o, 1e-6)
        self.act = act

    def forward(self, x):
        return self.act(self.bn(self.conv(x)))


class Bottleneck(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.cv1, self.cv2 = ConvNorm(width, width, 3), ConvNorm(width, width, 3)

    def forward(self, x):
        return self.cv2(self.cv1(x))


class C2f(nn.Module):
    def __init__(self, i, o, blocks=3):
        super().__init__()
        half = o // 2
        self.cv1, self.cv2 = ConvNorm(i, o, 1), ConvNorm((2 + blocks) * half, o, 1)
        self.m = nn.ModuleList(Bottleneck(half) for _ in range(blocks))

    def forward(self, x):
        parts = list(self.cv1(x).chunk(2, 1))
        for block in self.m:
            parts.append(block(parts[-1]))
        return self.cv2(torch.cat(parts, 1))


class Projector(nn.Module):
    def __init__(self, c):
        super().__init__()
        width, count = c["hidden_size"], len(c["out_feature_indexes"])
        sampling = {"P3": lambda: nn.Sequential(nn.ConvTranspose2d(width, width // 2, 2, 2)), "P4": nn.Sequential,
                    "P5": lambda: nn.Sequential(ConvNorm(width, width, 3, 2, F.relu))}
        self.stages_sampling = nn.ModuleList(
            nn.ModuleList(sampling[level]() for _ in range(count)) for level in c["projector_scale"])
        self.stages = nn.ModuleList(
            nn.Sequential(C2f(count * (width // 2 if level == "P3" else width), c["hidden_dim"]),
                          ChannelNorm(c["hidden_dim"], 1e-6)) for level in c["projector_scale"])

    def forward(self, features):
        return [stage(torch.cat([sample(x) for sample, x in zip(samplings, features)], 1))
                for samplings, stage in zip(self.stages_sampling, self.stages)]


class MLP(nn.Module):
    def __init__(self, *widths):
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(i, o) for i, o in zip(widths, widths[1:]))

    def forward(self, x):
        for layer in self.layers[:-1]:
            x = F.relu(layer(x))
        return self.layers[-1](x)


class DeformableAttention(nn.Module):
    def __init__(self, c):
        super().__init__()
        width, self.heads, self.points = c["hidden_dim"], c["ca_nheads"], c["dec_n_points"]
        self.levels = len(c["projector_scale"])
        count = self.heads * self.levels * self.points
        self.sampling_offsets, self.attention_weights = nn.Linear(width, 2 * count), nn.Linear(width, count)
        self.value_proj, self.output_proj = nn.Linear(width, width), nn.Linear(width, width)

    def forward(self, queries, boxes, memory, sizes):
        batch, count, width = queries.shape
        heads, levels, points = self.heads, self.levels, self.points
        value = self.value_proj(memory).view(batch, -1, heads, width // heads)
        offsets = self.sampling_offsets(queries).view(batch, count, heads, levels, points, 2)
        weights = self.attention_weights(queries).view(batch, count, heads, levels * points).softmax(-1)
        box = boxes[:, :, None, None, None, :]
        places = box[..., :2] + offsets / points * box[..., 2:] * 0.5
        seen = []
        for level, (part, (rows, columns)) in enumerate(zip(value.split([h * w for h, w in sizes], 1), sizes)):
            picture = part.flatten(2).transpose(1, 2).reshape(batch * heads, -1, rows, columns)
            grid = (2 * places[:, :, :, level] - 1).transpose(1, 2).flatten(0, 1)
            seen.append(F.grid_sample(picture, grid, mode="bilinear", padding_mode="zeros", align_corners=False))
        weights = weights.transpose(1, 2).reshape(batch * heads, 1, count, levels * points)
        mixed = (torch.stack(seen, -2).flatten(-2) * weights).sum(-1).view(batch, width, count)
        return self.output_proj(mixed.transpose(1, 2))


class DecoderLayer(nn.Module):
    def __init__(self, c):
        super().__init__()
        width = c["hidden_dim"]
        self.self_attn = nn.MultiheadAttention(width, c["sa_nheads"], batch_first=True)
        self.cross_attn = DeformableAttention(c)
        self.linear1, self.linear2 = nn.Linear(width, c["dim_feedforward"]), nn.Linear(c["dim_feedforward"], width)
        self.norm1, self.norm2, self.norm3 = nn.LayerNorm(width), nn.LayerNorm(width), nn.LayerNorm(width)

    def forward(self, x, places, boxes, memory, sizes):
        query = x + places
        x = self.norm1(x + self.self_attn(query, query, x, need_weights=False)[0])
        x = self.norm2(x + self.cross_attn(x + places, boxes, memory, sizes))
        return self.norm3(x + self.linear2(F.relu(self.linear1(x))))


def move(offset, boxes):
    return torch.cat([offset[..., :2] * boxes[..., 2:] + boxes[..., :2], offset[..., 2:].exp() * boxes[..., 2:]], -1)


class RfDetr(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.c, width, groups = c, c["hidden_dim"], c["group_detr"]
        classes = c["num_classes"] + 1
        self.backbone = nn.ModuleList([nn.Module()])
        self.backbone[0].encoder = nn.ModuleDict({"encoder": Encoder(c)})
        self.backbone[0].projector = Projector(c)
        t = self.transformer = nn.Module()
        t.decoder = nn.Module()
        t.decoder.layers = nn.ModuleList(DecoderLayer(c) for _ in range(c["dec_layers"]))
        t.decoder.norm, t.decoder.ref_point_head = nn.LayerNorm(width), MLP(2 * width, width, width)
        t.enc_output = nn.ModuleList(nn.Linear(width, width) for _ in range(groups))
        t.enc_output_norm = nn.ModuleList(nn.LayerNorm(width) for _ in range(groups))
        t.enc_out_bbox_embed = nn.ModuleList(MLP(width, width, width, 4) for _ in range(groups))
        t.enc_out_class_embed = nn.ModuleList(nn.Linear(width, classes) for _ in range(groups))
        self.class_embed, self.bbox_embed = nn.Linear(width, classes), MLP(width, width, width, 4)
        self.refpoint_embed = nn.Embedding(c["num_queries"] * groups, 4)
        self.query_feat = nn.Embedding(c["num_queries"] * groups, width)

    def proposals(self, sizes):
        levels = []
        for level, (rows, columns) in enumerate(sizes):
            y, x = torch.meshgrid((torch.arange(rows) + 0.5) / rows, (torch.arange(columns) + 0.5) / columns,
                                  indexing="ij")
            side = torch.full_like(x, 0.05 * 2 ** level)
            levels.append(torch.stack([x, y, side, side], -1).view(1, -1, 4))
        boxes = torch.cat(levels, 1)
        outside = ~((boxes > 0.01) & (boxes < 0.99)).all(-1, keepdim=True)
        return boxes.masked_fill(outside, 0), outside

    def places(self, boxes):
        count = self.c["hidden_dim"] // 2
        frequency = 10000 ** (2 * (torch.arange(count) // 2) / count)
        parts = []
        for axis in (1, 0, 2, 3):
            angle = boxes[..., axis, None] * 2 * math.pi / frequency
            parts.append(torch.stack([angle[..., 0::2].sin(), angle[..., 1::2].cos()], 3).flatten(2))
        return self.transformer.decoder.ref_point_head(torch.cat(parts, 2))

    def forward(self, image):
        levels = self.backbone[0].projector(self.backbone[0].encoder["encoder"](image))
        sizes = [tuple(x.shape[2:]) for x in levels]
        memory = torch.cat([x.flatten(2).transpose(1, 2) for x in levels], 1)
        batch, count, t = image.shape[0], self.c["num_queries"], self.transformer
        boxes, outside = self.proposals(sizes)
        first = t.enc_output_norm[0](t.enc_output[0](memory.masked_fill(outside, 0)))
        scores = t.enc_out_class_embed[0](first)
        found = move(t.enc_out_bbox_embed[0](first), boxes.expand(batch, -1, -1))
        best = scores.max(-1)[0].topk(min(count, first.shape[1]), 1)[1]
        found = found.gather(1, best[..., None].expand(-1, -1, 4))
        boxes = move(self.refpoint_embed.weight[None, :count].expand(batch, -1, -1), found)
        x, places = self.query_feat.weight[None, :count].expand(batch, -1, -1), self.places(boxes)
        for layer in t.decoder.layers:
            x = layer(x, places, boxes, memory, sizes)
        x = t.decoder.norm(x)
        return move(self.bbox_embed(x), boxes), self.class_embed(x)
