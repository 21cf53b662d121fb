# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""Shows GGUF files to llama.cpp and prints one line of JSON for each: what it generates, or why it does not.

A process of its own: where llama.cpp meets what it does not expect, it may abort. usage: stock_llama.py CHECK FILE...
"""

import hashlib
import json
import sys

PROMPT, TOKENS = "A hacker is", 16


def load(path, check):
    import xllamacpp  # not in the process of the tests
    settings = xllamacpp.CommonParams()
    settings.model.path = path
    settings.check_tensors = check
    settings.n_ctx, settings.n_parallel, settings.n_gpu_layers = 128, 1, 0
    settings.cpuparams.n_threads = 1
    settings.warmup, settings.verbosity = False, 0
    return xllamacpp.Server(settings)


def generate(server, vocabulary=768):
    """The likeliest tokens, and a digest of the logarithm of every token's probability at each step."""
    answer = server.handle_completions({"prompt": PROMPT, "n_predict": TOKENS, "temperature": 0, "n_probs": vocabulary, "ignore_eos": True})
    choice = answer["choices"][0]
    steps = choice["logprobs"]["content"] if choice["logprobs"] else []  # nonsense may end inside a character and have none
    logarithms = [sorted((one["id"], one["logprob"]) for one in step["top_logprobs"]) for step in steps]
    digest = hashlib.sha256(json.dumps(logarithms).encode()).hexdigest()
    return {"text": choice["text"], "tokens": answer["usage"]["completion_tokens"], "probabilities": [len(step) for step in logarithms], "digest": digest}


def show(path, check):
    try:
        server = load(path, check)
    except Exception as refused:  # whatever the binding makes of it
        return {"refused": str(refused)}
    return generate(server)


def main():
    check = sys.argv[1] == "check"
    for path in sys.argv[2:]:
        print(json.dumps({"file": path, **show(path, check)}), flush=True)


if __name__ == "__main__":
    main()
