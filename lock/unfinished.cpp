// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lock/unfinished.hpp"

#include <unistd.h>

#include <array>
#include <atomic>
#include <cstring>

#include "nnlock/lock.hpp"

namespace nnlock {
namespace {

// A fixed table, because a signal handler may neither lock nor allocate. An output beyond it is not remembered.
struct Slot {
  enum State : int { free, filling, ready };
  std::atomic<int> state = free;
  std::array<char, 4096> path{};
};
std::array<Slot, 16> slots;

}  // namespace

namespace lock {

void remember_unfinished(const std::string& path) {
  if (path.size() >= slots[0].path.size()) return;
  for (Slot& slot : slots) {
    int expected = Slot::free;
    if (!slot.state.compare_exchange_strong(expected, Slot::filling)) continue;
    std::memcpy(slot.path.data(), path.c_str(), path.size() + 1);
    slot.state = Slot::ready;
    return;
  }
}

void forget_unfinished(const std::string& path) {
  for (Slot& slot : slots)
    if (slot.state == Slot::ready && path == slot.path.data()) slot.state = Slot::free;
}

}  // namespace lock

void remove_unfinished_outputs() noexcept {
  for (Slot& slot : slots)
    if (slot.state == Slot::ready) ::unlink(slot.path.data());
}

}  // namespace nnlock
