# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""A llama of 1.3 million parameters in PyTorch. All rows are multiples of 256 wide, so that every quantised type of GGUF fits."""

import math

import torch
from torch import nn
from torch.nn import functional

VOCABULARY, CONTEXT = 768, 256
WIDTH, LAYERS, FEED_FORWARD = 256, 2, 512
HEADS, KEY_HEADS = 4, 1
HEAD = WIDTH // HEADS
EPSILON, ROPE_BASE = 1e-5, 10000.0


class Norm(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(WIDTH))

    def forward(self, x):
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + EPSILON) * self.weight


def rotate(x):
    """Rotary positions on pairs of neighbours, as llama.cpp has them for this architecture."""
    angles = torch.arange(x.shape[1]).float()[:, None] * ROPE_BASE ** (-torch.arange(0, HEAD, 2).float() / HEAD)
    cos, sin = angles.cos()[:, None], angles.sin()[:, None]
    even, odd = x[..., 0::2], x[..., 1::2]
    return torch.stack((even * cos - odd * sin, even * sin + odd * cos), -1).flatten(-2)


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.attn_norm, self.ffn_norm = Norm(), Norm()
        self.attn_q = nn.Linear(WIDTH, WIDTH, bias=False)
        self.attn_k = nn.Linear(WIDTH, HEAD * KEY_HEADS, bias=False)
        self.attn_v = nn.Linear(WIDTH, HEAD * KEY_HEADS, bias=False)
        self.attn_output = nn.Linear(WIDTH, WIDTH, bias=False)
        self.ffn_gate = nn.Linear(WIDTH, FEED_FORWARD, bias=False)
        self.ffn_up = nn.Linear(WIDTH, FEED_FORWARD, bias=False)
        self.ffn_down = nn.Linear(FEED_FORWARD, WIDTH, bias=False)

    def attend(self, x):
        batch, length, _ = x.shape
        q = rotate(self.attn_q(x).view(batch, length, HEADS, HEAD)).transpose(1, 2)
        k = rotate(self.attn_k(x).view(batch, length, KEY_HEADS, HEAD)).transpose(1, 2)
        v = self.attn_v(x).view(batch, length, KEY_HEADS, HEAD).transpose(1, 2)
        future = torch.full((length, length), -math.inf).triu(1)
        weights = torch.softmax(q @ k.transpose(-1, -2) / math.sqrt(HEAD) + future, -1)
        return self.attn_output((weights @ v).transpose(1, 2).reshape(batch, length, WIDTH))

    def forward(self, x):
        x = x + self.attend(self.attn_norm(x))
        y = self.ffn_norm(x)
        return x + self.ffn_down(functional.silu(self.ffn_gate(y)) * self.ffn_up(y))


class Llama(nn.Module):
    """Its parameters have the names that llama.cpp gives them; the embedding is the output layer as well."""

    def __init__(self):
        super().__init__()
        self.token_embd = nn.Embedding(VOCABULARY, WIDTH)
        self.blk = nn.ModuleList(Block() for _ in range(LAYERS))
        self.output_norm = Norm()
        for name, parameter in self.named_parameters():
            if parameter.ndim == 2:
                nn.init.normal_(parameter, std=0.05)

    def forward(self, tokens):
        x = self.token_embd(tokens)
        for block in self.blk:
            x = block(x)
        return self.output_norm(x) @ self.token_embd.weight.T
