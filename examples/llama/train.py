# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""Trains a tiny llama on the Jargon File and writes it as GGUF. README.md says what it needs."""

import argparse
import gzip
import math
import re
import time

import gguf
import numpy as np
import torch
from torch.nn import functional

import network
from vocabulary import END, START, UNKNOWN, Vocabulary

TEXT = "/usr/share/dictd/jargon.dict.dz"  # of Debian's package dict-jargon


def read_text(path):
    """The file as running text in ASCII: paragraphs in one line each."""
    text = gzip.open(path, "rt", encoding="utf-8").read()
    for fancy, simple in zip("“”‘’–—", ['"', '"', "'", "'", "-", "-"]):
        text = text.replace(fancy, simple)
    text = text[text.index("\n/me\n"):].encode("ascii", "ignore").decode()
    paragraphs = (" ".join(paragraph.split()) for paragraph in re.split(r"\n\s*\n", text))
    return "\n".join(paragraph for paragraph in paragraphs if paragraph)


def train(tokens, steps, batch, length, peak):
    """Learns to foretell the next token; Adam, the rate warmed up and brought down in a half cosine."""
    model = network.Llama()
    optimizer = torch.optim.AdamW(model.parameters(), lr=peak, betas=(0.9, 0.95), weight_decay=0.01)
    started, seen = time.time(), 0.0
    for step in range(steps):
        rate = min((step + 1) / 20, 0.5 + 0.5 * math.cos(math.pi * step / steps) + 0.02)
        for group in optimizer.param_groups:
            group["lr"] = peak * rate
        starts = torch.randint(len(tokens) - length - 1, (batch,))
        rows = torch.stack([tokens[s:s + length + 1] for s in starts.tolist()])
        loss = functional.cross_entropy(model(rows[:, :-1]).flatten(0, 1), rows[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        seen = loss.item() if step == 0 else 0.95 * seen + 0.05 * loss.item()
        if step % 20 == 19:
            print(f"step {step + 1}: loss {seen:.3f}, {time.time() - started:.0f} s", flush=True)
    return model


def write(model, vocabulary, path):
    """In float32, for quantise.py."""
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name("jargon")
    writer.add_description("a tiny llama trained on the Jargon File 4.4.7, for tests")
    writer.add_vocab_size(network.VOCABULARY)
    writer.add_context_length(network.CONTEXT)
    writer.add_embedding_length(network.WIDTH)
    writer.add_block_count(network.LAYERS)
    writer.add_feed_forward_length(network.FEED_FORWARD)
    writer.add_head_count(network.HEADS)
    writer.add_head_count_kv(network.KEY_HEADS)
    writer.add_layer_norm_rms_eps(network.EPSILON)
    writer.add_rope_dimension_count(network.HEAD)
    writer.add_rope_freq_base(network.ROPE_BASE)
    writer.add_tokenizer_model("llama")
    writer.add_token_list(vocabulary.tokens)
    writer.add_token_scores(vocabulary.scores())
    writer.add_token_types(vocabulary.types())
    writer.add_unk_token_id(UNKNOWN)
    writer.add_bos_token_id(START)
    writer.add_eos_token_id(END)
    writer.add_add_bos_token(True)
    writer.add_add_space_prefix(False)
    for name, parameter in model.named_parameters():
        writer.add_tensor(name, parameter.detach().numpy().astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", help="the GGUF file to write, in float32")
    parser.add_argument("--text", default=TEXT)
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--length", type=int, default=128)
    parser.add_argument("--rate", type=float, default=3e-3)
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    torch.manual_seed(1)
    torch.set_num_threads(args.threads)
    text = read_text(args.text)
    vocabulary = Vocabulary(text, network.VOCABULARY)
    tokens = torch.tensor(vocabulary.encode(text))
    print(f"{len(text)} characters, {len(tokens)} tokens")
    model = train(tokens, args.steps, args.batch, args.length, args.rate)
    print(sum(p.numel() for p in model.parameters()), "parameters")
    write(model, vocabulary, args.out)


if __name__ == "__main__":
    main()
