// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// A program that unlocks a model through the library's front door and stands still at each step, so that its memory can be looked at. It stands still
// until it is sent a byte, and says with a byte where it is:
//   k  the key is loaded      p  it is unlocking (the first call of progress)      u  unlocked, model and key held      c  both closed
//   l  a block of memory was filled with what came in, and freed without wiping: what a library that wipes nothing would leave
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <vector>

#include "nnlock/keys.hpp"
#include "nnlock/lock.hpp"

namespace {

void read_exactly(void* to, std::size_t bytes) {
  for (auto* p = static_cast<char*>(to); bytes > 0;) {
    const ssize_t n = ::read(0, p, bytes);
    if (n <= 0) std::_Exit(2);
    p += n, bytes -= static_cast<std::size_t>(n);
  }
}

void stand_still(char step) {
  char go = 0;
  if (::write(1, &step, 1) != 1) std::_Exit(2);
  read_exactly(&go, 1);
}

std::optional<nnlock::MasterKey> load_key() {
  nnlock::SecretBytes bytes;
  read_exactly(bytes.reveal_mutable().data(), nnlock::SecretBytes::size);
  return nnlock::MasterKey::from_bytes(bytes.reveal());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  auto key = load_key();
  stand_still('k');
  bool first = true;
  nnlock::UnlockOptions options{.threads = 2};
  options.progress = [&](std::uint64_t, std::uint64_t) {
    if (std::exchange(first, false)) stand_still('p');
  };
  auto model = nnlock::unlock_to_memory(*key, argv[1], options);
  if (!model) return 3;
  stand_still('u');
  model->wipe();
  key.reset();
  stand_still('c');
  std::uint64_t bytes = 0;
  read_exactly(&bytes, sizeof bytes);
  auto block = std::make_unique<std::uint8_t[]>(64 + bytes);  // an allocator keeps its lists in the first bytes of what is freed
  read_exactly(block.get() + 64, bytes);
  block.reset();
  stand_still('l');
  return 0;
}
