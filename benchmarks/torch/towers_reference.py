"""The image towers of CLIP ViT-B/32 and PE-Core-B16 as plain PyTorch modules, with the names of their state dicts."""
import math

import torch
from torch import nn
import torch.nn.functional as F


class QuickGELU(nn.Module):
    def forward(self, x):
        return x * torch.sigmoid(1.702 * x)


def mlp(width, hidden, activation):
    layers = nn.Sequential()
    layers.add_module("c_fc", nn.Linear(width, hidden))
    layers.add_module("gelu", activation())
    layers.add_module("c_proj", nn.Linear(hidden, width))
    return layers


class ClipBlock(nn.Module):
    """The sequence comes before the batch."""

    def __init__(self, width, heads):
        super().__init__()
        self.attn = nn.MultiheadAttention(width, heads)
        self.ln_1, self.ln_2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.mlp = mlp(width, 4 * width, QuickGELU)

    def forward(self, x):
        y = self.ln_1(x)
        x = x + self.attn(y, y, y, need_weights=False)[0]
        return x + self.mlp(self.ln_2(x))


class ClipTower(nn.Module):
    def __init__(self, width, layers, patch, side, dimension):
        super().__init__()
        self.conv1 = nn.Conv2d(3, width, patch, patch, bias=False)
        self.class_embedding = nn.Parameter(torch.zeros(width))
        self.positional_embedding = nn.Parameter(torch.zeros((side // patch) ** 2 + 1, width))
        self.ln_pre, self.ln_post = nn.LayerNorm(width), nn.LayerNorm(width)
        self.transformer = nn.ModuleDict({"resblocks": nn.Sequential(
            *(ClipBlock(width, width // 64) for _ in range(layers)))})
        self.proj = nn.Parameter(torch.zeros(width, dimension))

    def forward(self, image):
        x = self.conv1(image).flatten(2).permute(0, 2, 1)
        x = torch.cat([self.class_embedding.expand(x.shape[0], 1, -1), x], 1) + self.positional_embedding
        x = self.transformer["resblocks"](self.ln_pre(x).permute(1, 0, 2)).permute(1, 0, 2)
        return self.ln_post(x[:, 0]) @ self.proj


def rotated(x, angles):
    half = torch.stack([-x[..., 1::2], x[..., 0::2]], -1).flatten(-2)
    return x * angles.cos() + half * angles.sin()


class RotarySelfAttention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.in_proj_weight = nn.Parameter(torch.zeros(3 * width, width))
        self.in_proj_bias = nn.Parameter(torch.zeros(3 * width))
        self.out_proj = nn.Linear(width, width)

    def forward(self, x, angles):
        q, k, v = (y.unflatten(-1, (self.heads, -1)).transpose(1, 2)
                   for y in F.linear(x, self.in_proj_weight, self.in_proj_bias).chunk(3, -1))
        q, k = rotated(q, angles), rotated(k, angles)
        scores = q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1])
        return self.out_proj((scores.softmax(-1) @ v).transpose(1, 2).flatten(2))


class EncoderBlock(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.attn = RotarySelfAttention(width, heads)
        self.ln_1, self.ln_2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.mlp = mlp(width, 4 * width, nn.GELU)

    def forward(self, x, angles):
        x = x + self.attn(self.ln_1(x), angles)
        return x + self.mlp(self.ln_2(x))


class AttentionPooling(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.probe = nn.Parameter(torch.zeros(1, 1, width))
        self.attn = nn.MultiheadAttention(width, heads, batch_first=True)
        self.layernorm = nn.LayerNorm(width)
        self.mlp = mlp(width, 4 * width, nn.GELU)

    def forward(self, x):
        x = self.attn(self.probe.repeat(x.shape[0], 1, 1), x, x, need_weights=False)[0]
        return x + self.mlp(self.layernorm(x))


class EncoderTower(nn.Module):
    def __init__(self, width, layers, heads, patch, side, dimension):
        super().__init__()
        self.grid, self.head_width = side // patch, width // heads
        self.conv1 = nn.Conv2d(3, width, patch, patch, bias=False)
        self.class_embedding = nn.Parameter(torch.zeros(width))
        self.positional_embedding = nn.Parameter(torch.zeros(self.grid ** 2 + 1, width))
        self.ln_pre, self.ln_post = nn.LayerNorm(width), nn.LayerNorm(width)
        self.transformer = nn.ModuleDict({"resblocks": nn.ModuleList(
            EncoderBlock(width, heads) for _ in range(layers))})
        self.attn_pool = AttentionPooling(width, 8)
        self.proj = nn.Parameter(torch.zeros(width, dimension))

    def angles(self):
        half = self.head_width // 2
        frequency = 1 / 10000 ** (torch.arange(0, half, 2) / half)
        places = ((torch.arange(self.grid) + 1)[:, None] * frequency).repeat_interleave(2, -1)
        x = places[None].expand(self.grid, -1, -1)
        y = places[:, None].expand(-1, self.grid, -1)
        return torch.cat([torch.zeros(1, 2 * half), torch.cat([x, y], -1).flatten(0, 1)])

    def forward(self, image):
        x = self.conv1(image).flatten(2).permute(0, 2, 1)
        x = torch.cat([self.class_embedding.expand(x.shape[0], 1, -1), x], 1) + self.positional_embedding
        x, angles = self.ln_pre(x), self.angles()
        for block in self.transformer["resblocks"]:
            x = block(x, angles)
        return F.normalize(self.attn_pool(self.ln_post(x)).squeeze(1) @ self.proj, dim=-1)
