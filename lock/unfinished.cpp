// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lock/unfinished.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <openssl/rand.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <memory>
#include <string_view>

#include "lock/file_io.hpp"
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
namespace {

constexpr std::size_t kRandomBytes = 8;
constexpr std::string_view kHexDigits = "0123456789abcdef";

std::string sibling_prefix(const std::string& path, Sibling kind) { return path + (kind == Sibling::kept ? ".nnlock-kept-" : ".nnlock-"); }

bool is_sibling(std::string_view name, std::string_view prefix) {
  return name.size() == prefix.size() + 2 * kRandomBytes && name.starts_with(prefix) &&
         std::ranges::all_of(name.substr(prefix.size()), [](char c) { return kHexDigits.find(c) != std::string_view::npos; });
}

// Whoever made the file holds it before anything else can be in it, and as long as he may still use its name. Once we hold it, he is gone.
void remove_if_abandoned(const std::string& name) {
  const Descriptor fd(::open(name.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY));
  struct stat opened {}, named {};
  if (fd.get() < 0 || ::fstat(fd.get(), &opened) != 0 || !S_ISREG(opened.st_mode) || opened.st_uid != ::geteuid()) return;
  if (hold_sibling(fd.get()) != Hold::held || ::lstat(name.c_str(), &named) != 0) return;
  if (named.st_dev == opened.st_dev && named.st_ino == opened.st_ino) ::unlink(name.c_str());
}

}  // namespace

std::string sibling_name(const std::string& path, Sibling kind) {
  std::array<unsigned char, kRandomBytes> random{};
  RAND_bytes(random.data(), static_cast<int>(random.size()));
  std::string name = sibling_prefix(path, kind);
  for (unsigned char byte : random) {
    name.push_back(kHexDigits[byte >> 4]);
    name.push_back(kHexDigits[byte & 15]);
  }
  return name;
}

Hold hold_sibling(int fd) {
  while (::flock(fd, LOCK_EX | LOCK_NB) != 0)
    if (errno != EINTR) return errno == EWOULDBLOCK ? Hold::lost : Hold::impossible;
  struct stat status {};
  return ::fstat(fd, &status) == 0 && status.st_nlink > 0 ? Hold::held : Hold::lost;
}

void remove_abandoned(const std::string& path, Sibling kind) {
  const std::string folder = folder_of(path);
  const std::string prefix = sibling_prefix(path.substr(path.rfind('/') + 1), kind);
  const std::unique_ptr<DIR, int (*)(DIR*)> entries(::opendir(folder.c_str()), ::closedir);
  if (entries == nullptr) return;
  while (const dirent* entry = ::readdir(entries.get()))
    if (is_sibling(entry->d_name, prefix)) remove_if_abandoned(folder + "/" + entry->d_name);
}

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
