// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lab/cryptanalysis/side_channels/memory_image.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <functional>
#include <string>

#include "lab/failure.hpp"
#include "lab/schemes/aes_schedule.hpp"

namespace nnlock::lab {
namespace {

// As much of [from, to) as can be read, page by page: guard pages and devices cannot.
void read_range(int memory, std::uint64_t from, std::uint64_t to, std::vector<std::vector<std::uint8_t>>& pieces) {
  constexpr std::uint64_t kPage = 4096;
  bool joined = false;
  for (std::uint64_t at = from; at < to; at += kPage) {
    std::uint8_t page[kPage];
    if (::pread(memory, page, kPage, static_cast<off_t>(at)) != static_cast<ssize_t>(kPage)) {
      joined = false;
      continue;
    }
    if (!joined) pieces.emplace_back();
    joined = true;
    auto& piece = pieces.back();
    piece.resize(piece.size() + kPage);
    std::copy_n(page, kPage, piece.end() - static_cast<std::ptrdiff_t>(kPage));
  }
}

Word word_at(const std::uint8_t* p, bool swapped) { return swapped ? Word{p[3], p[2], p[1], p[0]} : Word{p[0], p[1], p[2], p[3]}; }

// Most places fail at the first word that is not key.
bool is_expansion(const std::uint8_t* p, std::size_t key_words, bool swapped) {
  const std::size_t words = key_words == 4 ? 44 : 60;
  for (std::size_t i = key_words; i < words; ++i)
    if (word_at(p + 4 * i, swapped) != (word_at(p + 4 * (i - key_words), swapped) ^ added_word(word_at(p + 4 * (i - 1), swapped), i, key_words))) return false;
  return true;
}

}  // namespace

MemoryImage MemoryImage::of(pid_t pid) {
  const std::string folder = "/proc/" + std::to_string(pid);
  std::ifstream maps(folder + "/maps");
  const int memory = ::open((folder + "/mem").c_str(), O_RDONLY | O_CLOEXEC);
  if (!maps || memory < 0) {
    if (memory >= 0) ::close(memory);
    throw Failure(folder + ": its memory cannot be read", "allow a process to look at its children (kernel.yama.ptrace_scope at most 1)");
  }
  MemoryImage image;
  for (std::string line; std::getline(maps, line);) {
    std::uint64_t from = 0, to = 0;
    char rights[5] = {};
    if (std::sscanf(line.c_str(), "%lx-%lx %4s", &from, &to, rights) != 3 || rights[0] != 'r' || line.find("[v") != std::string::npos) continue;
    if (rights[1] == 'w' || line.find('/') == std::string::npos) read_range(memory, from, to, image.pieces_);
  }
  ::close(memory);
  if (image.pieces_.empty()) throw Failure(folder + ": its memory cannot be read", "allow a process to look at its children (kernel.yama.ptrace_scope at most 1)");
  return image;
}

std::uint64_t MemoryImage::bytes() const {
  std::uint64_t sum = 0;
  for (const auto& piece : pieces_) sum += piece.size();
  return sum;
}

std::size_t MemoryImage::count(std::span<const std::uint8_t> needle) const {
  const std::boyer_moore_horspool_searcher searcher(needle.begin(), needle.end());
  std::size_t found = 0;
  for (const auto& piece : pieces_)
    for (auto at = std::search(piece.begin(), piece.end(), searcher); at != piece.end(); at = std::search(at + 1, piece.end(), searcher)) ++found;
  return found;
}

std::vector<Key> MemoryImage::expanded_keys(std::size_t key_bits) const {
  const std::size_t key_words = key_bits / 32, length = key_words == 4 ? 176 : 240;
  std::vector<Key> keys;
  for (const auto& piece : pieces_)
    for (std::size_t i = 0; i + length <= piece.size(); i += 4)
      for (const bool swapped : {false, true}) {
        if (!is_expansion(piece.data() + i, key_words, swapped)) continue;
        Key key;
        for (std::size_t w = 0; w < key_words; ++w)
          for (const std::uint8_t byte : word_at(piece.data() + i + 4 * w, swapped)) key.bytes.push_back(byte);
        keys.push_back(std::move(key));
      }
  return keys;
}

}  // namespace nnlock::lab
