# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
#
# bash completion for nnlock; check_docs.py compares it with --help.

_nnlock_options() {
  case $1 in
    keygen) echo "-h --help -o --output" ;;
    lock) echo "-h --help -k --key -o --output --force --include --exclude --allow-plain --sidecar --hint --family" \
               "--family-version --layout --suite --chunk --room --threads -q --quiet" ;;
    unlock) echo "-h --help -k --key --sidecar --expect-lock-id --family --least-version --threads -q --quiet -o --output" \
                 "--force --decoy" ;;
    verify | exec) echo "-h --help -k --key --sidecar --expect-lock-id --family --least-version --threads -q --quiet" ;;
    inspect) echo "-h --help --sidecar --json" ;;
    formats | doctor) echo "-h --help --json" ;;
  esac
}

_nnlock() {
  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} command=${COMP_WORDS[1]}
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    COMPREPLY=($(compgen -W "keygen lock unlock verify inspect exec formats doctor --help --version" -- "$word"))
    return
  fi
  case $before in
    --layout) COMPREPLY=($(compgen -W "auto bytes" -- "$word")); return ;;
    --suite) COMPREPLY=($(compgen -W "aes256 chacha20 auto" -- "$word")); return ;;
    --chunk) COMPREPLY=($(compgen -W "64K 128K 256K 512K 1M 2M 4M 8M 16M" -- "$word")); return ;;
    --include | --exclude | --family | --family-version | --least-version | --expect-lock-id | --room | --threads) return ;;
  esac
  if [[ $word == -* ]]; then
    COMPREPLY=($(compgen -W "$(_nnlock_options "$command")" -- "$word"))
  fi
}

complete -o default -F _nnlock nnlock
