// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
#include "cli/help.hpp"

#include <string_view>

#include "cli/options.hpp"

namespace nnlock::cli {
namespace {

constexpr CommandHelp table[] = {
    {"keygen", "keygen [-o KEY]",
     "Make a new master key.\n"
     "The key file gets mode 0600 and is never overwritten. Its fingerprint goes to standard error.",
     "  nnlock keygen -o nnlock.key\n"
     "  nnlock keygen | vault-tool store model-key",
     add_keygen_options},
    {"lock", "lock -k KEY MODEL -o OUT [options]",
     "Lock the learned tensors of a model.\n"
     "OUT loads like MODEL in any runtime, but computes nothing useful until it is unlocked with KEY.",
     "  nnlock lock -k nnlock.key model.safetensors -o locked.safetensors\n"
     "  nnlock lock -k nnlock.key model.onnx -o locked.onnx --exclude 'embed.*'\n"
     "  nnlock lock -k nnlock.key model.tflite -o locked.tflite --sidecar=locked.record\n"
     "  nnlock lock -k nnlock.key model.onnx -o locked.onnx --layout bytes",
     add_lock_options},
    {"unlock", "unlock -k KEY MODEL -o OUT [options]",
     "Unlock a model into a plain file, byte for byte as it was before locking.\n"
     "OUT is readable by anyone who gets it; prefer nnlock exec or the library, which keep it in memory.",
     "  nnlock unlock -k nnlock.key locked.safetensors -o model.safetensors\n"
     "  nnlock unlock -k nnlock.key locked.onnx -o model.onnx --family 00112233445566778899aabbccddeeff "
     "--least-version 3",
     add_unlock_options},
    {"verify", "verify -k KEY MODEL [options]",
     "Check that a locked model is whole and belongs to KEY.\n"
     "Checks everything that unlock checks and writes nothing.",
     "  nnlock verify -k nnlock.key locked.safetensors\n"
     "  nnlock verify -k nnlock.key locked.onnx --expect-lock-id 00112233445566778899aabbccddeeff",
     add_verify_options},
    {"inspect", "inspect MODEL [options]",
     "Show what a model holds, locked or plain.\n"
     "Needs no key and therefore authenticates nothing.",
     "  nnlock inspect model.safetensors\n"
     "  nnlock inspect locked.onnx --json",
     add_inspect_options},
    {"exec", "exec -k KEY MODEL [options] -- PROGRAM ARGUMENTS {} ...",
     "Run a program on an unlocked model that exists in memory only.\n"
     "Each {} in the arguments becomes the path of the model, read-only and sealed.\n"
     "The exit code is that of the program; 127 if it does not exist, 126 if it cannot be started.",
     "  nnlock exec -k nnlock.key locked.onnx -- python3 classify.py --model {} image.png\n"
     "  nnlock exec -k nnlock.key locked.safetensors -- sha256sum {}",
     add_exec_options},
    {"formats", "formats [options]",
     "Show which formats can be locked.\n"
     "Of each: what is locked, what stays readable, where the record goes, what is refused.",
     "  nnlock formats\n"
     "  nnlock formats --json",
     add_formats_options},
    {"doctor", "doctor [options]",
     "Show what this machine offers: kernels and their speed, limits, libraries.",
     "  nnlock doctor\n"
     "  NNLOCK_KERNEL=aes_ctr_portable,numbers_portable nnlock doctor --json",
     add_doctor_options},
};

}  // namespace

std::span<const CommandHelp> command_table() { return table; }

std::string overview() {
  std::string text =
      "The lock for trained neural networks.\n\nUsage: nnlock COMMAND [options]\n\nCommands:\n";
  for (const CommandHelp& command : table) {
    const std::string_view description(command.description);
    text += "  " + std::string(command.name) + std::string(10 - std::string_view(command.name).size(), ' ');
    text += std::string(description.substr(0, description.find('\n'))) + "\n";
  }
  return text +
         "\nOptions:\n"
         "  -h,--help   Show this help\n"
         "  --version   Show the version\n\n"
         "Examples:\n"
         "  nnlock keygen -o nnlock.key\n"
         "  nnlock lock -k nnlock.key model.safetensors -o locked.safetensors\n"
         "  nnlock lock --help\n\n"
         "Exit codes: 0 done, 2 usage, 3 wrong or unusable key, 4 tampered or damaged,\n"
         "5 not a fitting model, 6 input or output, 7 licence.\n";
}

}  // namespace nnlock::cli
