#!/usr/bin/env python3
# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""Compares commands and options of --help with the man page and the three completions, both ways; of options that take a word, the words.

Usage: check_docs.py NNLOCK
"""
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
OPTION = r"(?<![\w-])--?[a-z][a-z-]*"


def help_options(program):
    """{command: set of options}, "" for the program itself, from the help texts."""
    def listed(*words):
        text = subprocess.run([program, *words, "--help"], check=True, capture_output=True, text=True).stdout
        heads = [re.split(r"\s{2,}", line.strip())[0] for line in text.splitlines() if line.startswith("  -")]
        assert "Examples:" in text and text.split("Examples:")[1].count("nnlock") >= 2, f"too few examples: {words}"
        return text, {option for head in heads for option in re.findall(OPTION, head)}
    overview, options = listed()
    commands = re.findall(r"^  ([a-z]+) {2,}\S", overview.split("Commands:")[1].split("Options:")[0], re.M)
    return {"": options} | {command: listed(command)[1] for command in commands}


def man_page():
    """({command: options of its synopsis}, options explained under OPTIONS, pairs of short and long)."""
    text = (HERE / "nnlock.1").read_text().replace("\\-", "-")
    text = re.sub(r"\\f[BIR]", "", text)
    sections = dict(re.findall(r'^\.SH "?([A-Z ]+?)"?\n(.*?)(?=^\.SH|\Z)', text, re.M | re.S))
    synopsis = {}
    for block in sections["SYNOPSIS"].split(".PP\n"):
        name = re.search(r"^\.B nnlock (\w+)", block, re.M).group(1)
        synopsis[name] = set(re.findall(OPTION, block))
    heads = re.findall(r"^\.TP\n(.*)$", sections["OPTIONS"], re.M)
    explained = [re.findall(OPTION, head) for head in heads]
    return synopsis, set().union(*explained), {p[0]: p[1] for p in explained if len(p) == 2 and not p[0].startswith("--")}


def check_man(wanted):
    synopsis, explained, long_of = man_page()
    full = {name: options | {long_of[o] for o in options if o in long_of} for name, options in synopsis.items()}
    problems = [f"nnlock.1 synopsis of {n}: {sorted(full.get(n, set()) ^ wanted[n])}"
                for n in wanted if n and full.get(n) != wanted[n]]
    every = set().union(*wanted.values())
    return problems + [f"nnlock.1 OPTIONS: {sorted(explained ^ every)}"] * (explained != every)


def bash_options(word, command):
    """What bash would offer behind `nnlock COMMAND WORD`."""
    words = ["nnlock", command, word] if command else ["nnlock", word]
    script = (f"source '{HERE}/completion/nnlock.bash'; COMP_WORDS=({' '.join(words)}); COMP_CWORD={len(words) - 1}; _nnlock; "
              'echo "${COMPREPLY[@]}"')
    return set(subprocess.run(["bash", "-c", script], check=True, capture_output=True, text=True).stdout.split())


def zsh_options(command):
    text = (HERE / "completion/_nnlock").read_text()
    reading = re.search(r"^  reading=\((.*?)^  \)", text, re.M | re.S).group(1)
    body = re.search(rf"^    {command}\)(.*?);;", text, re.M | re.S)
    if not body:
        return set()
    body = body.group(1).replace("$reading", reading)
    return set(re.findall(OPTION, re.sub(r"\[[^\]]*\]", "", body)))


def fish_options(command):
    found = {"-h", "--help"}
    for line in (HERE / "completion/nnlock.fish").read_text().splitlines():
        seen = re.search(r"__fish_seen_subcommand_from ([a-z ]+)'", line)
        if seen and command in seen.group(1).split():
            found |= {"-" + s for s in re.findall(r" -s (\w)", line)} | {"--" + s for s in re.findall(r" -l ([a-z-]+)", line)}
    return found


def check_completions(wanted):
    commands = {name for name in wanted if name}
    problems = []
    offers = {"bash": bash_options("''", ""),
              "zsh": set(re.findall(r"^    '([a-z]+):", (HERE / "completion/_nnlock").read_text(), re.M)) | {"--help", "--version"},
              "fish": set(re.findall(r"-a ([a-z]+) ", (HERE / "completion/nnlock.fish").read_text())) | {"--help", "--version"}}
    for shell, offered in offers.items():
        if offered != commands | {"--help", "--version"}:
            problems.append(f"{shell} commands: {sorted(offered ^ commands)}")
    for name in commands:
        for shell, options in (("bash", bash_options("-", name)), ("zsh", zsh_options(name)), ("fish", fish_options(name))):
            if options != wanted[name]:
                problems.append(f"{shell} options of {name}: {sorted(options ^ wanted[name])}")
    return problems


def words_of(program, option):
    """What the program says must be written behind an option of `lock`."""
    run = subprocess.run([program, "lock", option, "?"], capture_output=True, text=True)
    line = re.search(rf"{option}: write (.*)", run.stderr)
    assert run.returncode == 2 and line, f"{option}: {run.stderr}"
    return set(re.findall(r"[a-z0-9]+", line.group(1))) - {"or"}


def offered_words(option):
    """{place: the words that it shows or offers for an option of `lock`}"""
    man = (HERE / "nnlock.1").read_text().replace("\\-", "-")
    explained = re.search(rf"^\.TP\n\\fB{option}\\fR .*?\n(.*?)^\.(?:TP|SH)", man, re.M | re.S).group(1)
    script = f"source '{HERE}/completion/nnlock.bash'; COMP_WORDS=(nnlock lock {option} ''); COMP_CWORD=3; _nnlock; echo \"${{COMPREPLY[@]}}\""
    zsh = re.search(rf"{option}\[[^\]]*\]:[^:]*:\(([^)]*)\)", (HERE / "completion/_nnlock").read_text())
    fish = re.search(rf"-l {option[2:]} -x -a '([^']*)'", (HERE / "completion/nnlock.fish").read_text())
    return {"nnlock.1": set(re.findall(r"^\.BR? ([a-z0-9]+)", explained, re.M)),
            "bash": set(subprocess.run(["bash", "-c", script], check=True, capture_output=True, text=True).stdout.split()),
            "zsh": set(zsh.group(1).split()) if zsh else set(), "fish": set(fish.group(1).split()) if fish else set()}


def check_words(program):
    return [f"{place}: words of {option}: {sorted(words ^ words_of(program, option))}" for option in ("--layout", "--suite")
            for place, words in offered_words(option).items() if words != words_of(program, option)]


def main():
    wanted = help_options(sys.argv[1])
    assert len(wanted) == 9 and len(wanted["lock"]) > 15, f"help was not understood: {wanted}"
    problems = check_man(wanted) + check_completions(wanted) + check_words(sys.argv[1])
    print("\n".join(problems) or f"{len(wanted) - 1} commands, {sum(map(len, wanted.values()))} options agree")
    return 1 if problems else 0


sys.exit(main())
