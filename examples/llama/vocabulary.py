# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""A small vocabulary of the SentencePiece kind, as llama.cpp reads it (ggml-org/llama.cpp: src/llama-vocab.cpp, llm_tokenizer_spm)."""

import collections
import functools
import re

SPACE = "▁"  # stands for a space, and starts every word
UNKNOWN, START, END, FIRST_BYTE = 0, 1, 2, 3
NORMAL, UNKNOWN_TYPE, CONTROL, BYTE = 1, 2, 3, 6  # token types of GGUF


class Vocabulary:
    """Tokens by their number: three special ones, 256 bytes, characters, then merges of two tokens, the earlier the better."""

    def __init__(self, text, size):
        words = collections.Counter(re.findall(r" ?[^ ]+| ", text))
        characters = sorted({c for word in words for c in word.replace(" ", SPACE)})
        self.pieces = {tuple(word.replace(" ", SPACE)): count for word, count in words.most_common(5000)}
        self.tokens = ["<unk>", "<s>", "</s>"] + [f"<0x{b:02X}>" for b in range(256)] + characters
        self.first_merge = len(self.tokens)
        while len(self.tokens) < size:
            self._merge_the_commonest_pair()
        self.ids = {token: i for i, token in enumerate(self.tokens) if i >= FIRST_BYTE + 256}
        self.pieces = None

    def _merge_the_commonest_pair(self):
        pairs = collections.Counter()
        for word, count in self.pieces.items():
            for pair in zip(word, word[1:]):
                pairs[pair] += count
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        self.tokens.append("".join(best))
        self.pieces = {merged(word, best): count for word, count in self.pieces.items()}

    def scores(self):
        return [0.0] * self.first_merge + [-float(i) for i in range(1, len(self.tokens) - self.first_merge + 1)]

    def types(self):
        return [UNKNOWN_TYPE, CONTROL, CONTROL] + [BYTE] * 256 + [NORMAL] * (len(self.tokens) - FIRST_BYTE - 256)

    @functools.lru_cache(maxsize=None)
    def _encode_word(self, word):
        parts = tuple(word)
        while True:
            pairs = [self.ids[a + b] for a, b in zip(parts, parts[1:]) if a + b in self.ids]
            if not pairs:
                return tuple(self.ids[part] for part in parts)
            best = self.tokens[min(pairs)]
            at = next(i for i in range(len(parts) - 1) if parts[i] + parts[i + 1] == best)
            parts = parts[:at] + (best,) + parts[at + 2:]

    def encode(self, text):
        """Of text whose characters the vocabulary has."""
        return [i for word in re.findall(r" ?[^ ]+| ", text) for i in self._encode_word(word.replace(" ", SPACE))]


def merged(word, pair):
    parts, i = [], 0
    while i < len(word):
        if word[i:i + 2] == pair:
            parts.append(word[i] + word[i + 1])
            i += 2
        else:
            parts.append(word[i])
            i += 1
    return tuple(parts)
